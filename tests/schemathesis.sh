#!/usr/bin/env bash
# Proves that the API answers as its OpenAPI document says, whatever is sent: schemathesis makes thousands of requests
# from the document, good and bad ones, and a client made from it makes a few. Both against a local stack that is started
# here and thrown away. Needs cargo, Python 3 with venv and Node.js 20 with npm; the rest comes from PyPI and npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
export CARGO_TARGET_DIR
version=4.32.5
venv=$CARGO_TARGET_DIR/schemathesis-venv
least=2000
work=$(mktemp -d)
data=$work/data
mkdir "$data"
stack=""

stop() {
  [ -n "$stack" ] || return 0
  kill "$stack" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$stack" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$stack" 2>/dev/null || true
}

finish() {
  local status=$?
  trap - EXIT
  stop
  if [ "$status" -ne 0 ] && [ -s "$work/leadctl.log" ]; then
    echo "--- end of leadctl.log"
    tail -n 40 "$work/leadctl.log"
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
  echo "error: $*" >&2
  exit 1
}

# field PATH: one value of the JSON on standard input, its path written a.b.c
field() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name) if isinstance(value, list) else name]
print(value)' "$1"
}

node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || die "Node.js 20 or later is needed"
if [ ! -e "$venv/ready-$version" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "schemathesis==$version"
  touch "$venv/ready-$version"
fi
if ! cmp -s tests/client/package-lock.json tests/client/node_modules/installed.json; then
  npm ci --prefix tests/client --no-audit --no-fund
  cp tests/client/package-lock.json tests/client/node_modules/installed.json
fi

# Chosen by name and not by --package, so that the features, and with them the artifacts, are those of `cargo test`.
cargo build --bin leadctl
leadctl() {
  "$CARGO_TARGET_DIR/debug/leadctl" --data-dir "$data" --json "$@"
}

"$CARGO_TARGET_DIR/debug/leadctl" dev --port 0 --data-dir "$data" >"$work/leadctl.log" 2>&1 </dev/null &
stack=$!
for _ in $(seq 600); do
  [ -s "$data/dev.json" ] && break
  kill -0 "$stack" 2>/dev/null || die "leadctl dev ended"
  sleep 0.1
done
[ -s "$data/dev.json" ] || die "leadctl dev was not ready within 60 s"
API=$(field api <"$data/dev.json")
ORG=$(field org <"$data/dev.json")
TOKEN=$(field admin.token <"$data/dev.json")
API_KEY=$(field api_key <"$data/dev.json")
USER_ID=$(field admin.id <"$data/dev.json")
export API ORG TOKEN API_KEY USER_ID

curl -fsS "$API/api/schema/" | cmp - docs/openapi.json || die "the stack serves another document"
curl -fsS "$API/api/docs/" -o "$work/page.html"
grep -q '<h1>Leadline API</h1>' "$work/page.html" || die "the stack serves no page of the document"

tests/client/node_modules/.bin/openapi-typescript "$API/api/schema/" -o tests/client/built/schema.d.ts
tests/client/node_modules/.bin/tsc -p tests/client
timeout 300 node --test --test-reporter=spec tests/client/built/client.test.js

# What bodies may name by id.
LEAD_ID=$(curl -fsS "$API/api/leads/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -d 'first_name=Ada' -d 'last_name=King' | field id)
TEAM_ID=$(leadctl team list --org "$ORG" | field 0.id)
CONTACT_ID=$(leadctl contact create --org "$ORG" --first-name Grace --last-name Hopper | field id)
ACCOUNT_ID=$(curl -fsS "$API/api/leads/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -d 'first_name=Ada' -d 'last_name=King' -d 'email=ada.king@example.com' -d 'account_name=Engines' \
  -d 'status=converted' | field converted_account)
ATTACHMENT_ID=$(curl -fsS "$API/api/leads/$LEAD_ID/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -F 'attachment=@README.md' | field attachment.id)
IMPORT_ID=$(curl -fsS "$API/api/leads/upload/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -F 'leads_file=@events/leads.csv' | field id)
HOOKS=$PWD/tests/schemathesis/hooks.py
HYPOTHESIS_STORAGE_DIRECTORY=$work/hypothesis
export TEAM_ID CONTACT_ID ACCOUNT_ID ATTACHMENT_ID IMPORT_ID HOOKS HYPOTHESIS_STORAGE_DIRECTORY

"$venv/bin/schemathesis" --config-file tests/schemathesis/schemathesis.toml run "$API/api/schema/" \
  --report json --report-json-path "$work/report.json" --no-color
python3 - "$work/report.json" "$least" <<'EOF'
import json, sys
report, least = json.load(open(sys.argv[1])), int(sys.argv[2])
made, operations = report["test_cases"]["generated"], report["operations"]
if made < least or operations["tested"] < operations["total"]:
    sys.exit(f"error: {made} cases of {operations['tested']} operations are too few")
EOF
