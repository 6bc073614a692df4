#!/usr/bin/env bash
# Mixed work on the local stack, as it is built for release: 70 % lists, 15 % details, 10 % captures, 5 % updates, by 16
# clients for 60 s (SECONDS_OF_LOAD). Fails if anything is answered with an error, or a lead that a capture was told of
# is not found afterwards. Needs cargo, curl, Python 3 and wrk; as root on Debian, wrk is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/lib.sh

need wrk wrk
cargo build --release --bin leadctl
start_stack release
api=$(field "$data/dev.json" api)
ORG=$(field "$data/dev.json" org)
TOKEN=$(field "$data/dev.json" admin.token)
export ORG TOKEN LEADS=$work/leads CREATED=$work/created.

leadctl key create --org "$ORG" --name Load --owner "$(field "$data/dev.json" admin.id)" \
  --limit 10000000 --address-limit 10000000 >"$work/key"
KEY=$(field "$work/key" api_key)
export KEY

python3 -c '
cities, tags = ["Rome", "Paris", "London"], ["vip", "", "", ""]
print("first name,last name,email,city,tags")
for n in range(2000):
    print(f"Ada {n},Lovelace,{n}@example.com,{cities[n % 3]},{tags[n % 4]}")' >"$work/leads.csv"
curl -sf "$api/api/leads/upload/" -H "Authorization: Bearer $TOKEN" -H "organization-id: $ORG" \
  -F "leads_file=@$work/leads.csv" >/dev/null
for offset in $(seq 0 100 1900); do
  curl -sf "$api/api/leads/?fields=leads&limit=100&offset=$offset" -H "Authorization: Bearer $TOKEN" \
    -H "organization-id: $ORG" | python3 -c '
import json, sys
for lead in json.load(sys.stdin)["open_leads"]:
    print(lead["id"])'
done >"$LEADS"
[ "$(wc -l <"$LEADS")" -ge 2000 ] || die "the leads are not there"

echo "| requests/s | p50 | p99 | slowest | errors |"
echo "| ---: | ---: | ---: | ---: | ---: |"
wrk -t 2 -c 16 -d "${SECONDS_OF_LOAD:-60}s" --timeout 30s -s tests/load/mix.lua "$api" >"$work/wrk" || die "something failed"
grep '^|' "$work/wrk"

lost=0
while read -r lead; do
  code=$(curl -s -o /dev/null -w '%{http_code}' "$api/api/leads/$lead/" -H "Authorization: Bearer $TOKEN" \
    -H "organization-id: $ORG")
  [ "$code" = 200 ] || { lost=$((lost + 1)); echo "$lead: $code"; }
done < <(cat "$CREATED"*)
echo "$(cat "$CREATED"* | wc -l) leads were captured, $lost of them are lost"
[ "$lost" -eq 0 ]
