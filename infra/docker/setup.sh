#!/bin/sh
# Runs before everything else in docker-compose.yml: makes the passwords of this fleet, once, each into a volume that only
# those have who need it. There is nothing to choose, and nothing that somebody else's fleet has too.
set -eu
umask 022

# It begins with a letter, since NATS reads what looks like a number as a number.
password() { printf 'p%s' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"; }

chown 999:999 /volumes/mongodb-data
chown 65532:65532 /volumes/nats-data
if [ -e /volumes/mongodb-secrets/made ]; then
  echo 'the passwords are there already'
  exit
fi
client_key=$(password)
: > /volumes/nats-secrets/env
for service in auth tickets orders payments; do
  for_mongodb=$(password) for_nats=$(password)
  name=$(printf %s "$service" | tr a-z A-Z)
  printf %s "$for_mongodb" > "/volumes/mongodb-secrets/$service"
  printf 'export NATS_%s_PASSWORD=%s\n' "$name" "$for_nats" >> /volumes/nats-secrets/env
  cd "/volumes/$service-secrets"
  printf 'mongodb://%s:%s@mongodb/%s?replicaSet=ticketing&authSource=%s' \
    "$service" "$for_mongodb" "$service" "$service" > mongodb
  printf 'nats://%s:%s@nats:4222' "$service" "$for_nats" > nats
  printf %s "$client_key" > client-key
done
printf %s "$client_key" > /volumes/client-secrets/client-key
printf '%s%s' "$(password)" "$(password)" > /volumes/mongodb-secrets/key
: > /volumes/mongodb-secrets/made
echo 'the passwords are made'
