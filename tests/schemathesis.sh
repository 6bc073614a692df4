#!/usr/bin/env bash
# Proves that the API answers as its OpenAPI document says, whatever is sent: schemathesis makes thousands of requests
# from the document, good and bad ones, and a client made from it makes a few. Both against a local stack that is started
# here and thrown away. Needs cargo, Python 3 with venv and Node.js 20 with npm; the rest comes from PyPI and npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/lib.sh

version=4.32.5
venv=$CARGO_TARGET_DIR/schemathesis-venv
least=2000

node_modules tests/client
if [ ! -e "$venv/ready-$version" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "schemathesis==$version"
  touch "$venv/ready-$version"
fi

# Chosen by name and not by --package, so that the features, and with them the artifacts, are those of `cargo test`.
cargo build --bin leadctl
start_stack debug
API=$(field "$data/dev.json" api)
ORG=$(field "$data/dev.json" org)
TOKEN=$(field "$data/dev.json" admin.token)
API_KEY=$(field "$data/dev.json" api_key)
USER_ID=$(field "$data/dev.json" admin.id)
export API ORG TOKEN API_KEY USER_ID

curl -fsS "$API/api/schema/" | cmp - docs/openapi.json || die "the stack serves another document"
curl -fsS "$API/api/docs/" -o "$work/page.html"
grep -q '<h1>Leadline API</h1>' "$work/page.html" || die "the stack serves no page of the document"

tests/client/node_modules/.bin/openapi-typescript "$API/api/schema/" -o tests/client/built/schema.d.ts
tests/client/node_modules/.bin/tsc -p tests/client
timeout 300 node --test --test-reporter=spec tests/client/built/client.test.js

# What bodies may name by id.
LEAD_ID=$(curl -fsS "$API/api/leads/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -d 'first_name=Ada' -d 'last_name=King' | field - id)
TEAM_ID=$(leadctl team list --org "$ORG" | field - 0.id)
CONTACT_ID=$(leadctl contact create --org "$ORG" --first-name Grace --last-name Hopper | field - id)
ACCOUNT_ID=$(curl -fsS "$API/api/leads/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -d 'first_name=Ada' -d 'last_name=King' -d 'email=ada.king@example.com' -d 'account_name=Engines' \
  -d 'status=converted' | field - converted_account)
ATTACHMENT_ID=$(curl -fsS "$API/api/leads/$LEAD_ID/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -F 'attachment=@README.md' | field - attachment.id)
IMPORT_ID=$(curl -fsS "$API/api/leads/upload/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -F 'leads_file=@events/leads.csv' | field - id)
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
