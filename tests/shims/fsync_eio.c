/* While the file named by FSYNC_FAILS_WHILE_EXISTS exists, fsync and fdatasync of files under FSYNC_FAILS_UNDER answer EIO,
 * as a disk does that is going bad. Compiled and preloaded by the tests. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int broken(int fd) {
    const char *flag = getenv("FSYNC_FAILS_WHILE_EXISTS"), *under = getenv("FSYNC_FAILS_UNDER");
    char link[64], path[4096];
    ssize_t n;
    if (!flag || !under || access(flag, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if ((n = readlink(link, path, sizeof path - 1)) < 0) return 0;
    path[n] = 0;
    return strncmp(path, under, strlen(under)) == 0;
}

static int sync_with(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (broken(fd)) { errno = EIO; return -1; }
    return real(fd);
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }
