#!/bin/sh
# Starts one member of the replica set. Its key file must be readable by nobody else, which a mounted secret never is.
set -eu
umask 077
# One key, or two with a space between them while it is changed: a member then knows others by either.
for key in $(tr -d '\t\r\n' < /run/secrets/mongodb/key); do printf -- '- %s\n' "$key"; done > /tmp/key
# A process that is killed within a transaction leaves it open, and with it the documents that it has written locked, until the
# servers end it: by default after a minute. No commit of ours takes seconds.
exec mongod --replSet ticketing --keyFile /tmp/key --bind_ip_all --dbpath /data/db \
  --wiredTigerCacheSizeGB "${CACHE_GB:-0.5}" --quiet --setParameter transactionLifetimeLimitSeconds=5
