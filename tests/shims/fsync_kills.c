/* While the file named by FSYNC_KILLS_AT holds a number n, the n-th fsync or fdatasync of files under FSYNC_KILLS_UNDER is
 * made, and the process that made it is killed before it learns of that. Compiled and preloaded by the tests. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int made;

static int is_last(int fd) {
    const char *at = getenv("FSYNC_KILLS_AT"), *under = getenv("FSYNC_KILLS_UNDER");
    char link[64], path[4096];
    int last = 0;
    ssize_t n;
    FILE *file;
    if (!at || !under || !(file = fopen(at, "r"))) return 0;
    if (fscanf(file, "%d", &last) != 1) last = 0;
    fclose(file);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if ((n = readlink(link, path, sizeof path - 1)) < 0) return 0;
    path[n] = 0;
    return !strncmp(path, under, strlen(under)) && __sync_add_and_fetch(&made, 1) == last;
}

static int sync_with(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(fd);
    if (is_last(fd)) kill(getpid(), SIGKILL);
    return result;
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }
