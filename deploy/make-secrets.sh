#!/bin/sh
# Makes the secrets that docker-compose.yml reads, one file each, in ./secrets (or the folder given).
# Files that are there already stay as they are.
#
# Containers run as users of their own and read these files through bind mounts, so the files are
# readable; the folder is not, and keeps everybody else on this machine out.
set -eu
folder=${1:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"
for name in operator-token fleet-key influxdb-token influxdb-password grafana-password; do
  file=$folder/$name
  [ -s "$file" ] && continue
  # 32 bytes as base64url without padding (RFC 4648 §5).
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' > "$file"
  chmod 644 "$file"
  echo "$file"
done
