#!/bin/sh
# Makes the members a replica set, and makes or renews the services' users. Run as often as one likes.
set -eu
# The members' key is also the password of their internal user, the only one that there is before there are users.
# While it is changed there are two, and either will do.
key=$(tr -d '\t\r\n' < /run/secrets/mongodb/key | cut -d ' ' -f 1)
export key
exec mongosh --quiet --norc --nodb /scripts/initiate.js
