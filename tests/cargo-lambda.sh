#!/usr/bin/env bash
# Proves that `cargo lambda watch` serves the functions by the router in Cargo.toml and that `cargo lambda invoke`
# takes every file in events/, both against a local stack that is started here and thrown away.
# Needs cargo, curl, pgrep and Python 3 with venv; cargo-lambda itself comes from PyPI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/lib.sh

venv=$CARGO_TARGET_DIR/cargo-lambda-venv
passed=0
failed=0

# holds EXPRESSION: whether it is so of $work/body (as `body`).
holds() {
  python3 -c '
import json, sys
body = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(not eval(f"({sys.argv[2]})"))' "$work/body" "$1" 2>"$work/expression"
}

# check NAME WANTED GOT [EXPRESSION]: compares a status and, when given, asks $work/body the expression.
check() {
  local why=""
  if [ "$2" != "$3" ]; then
    why="wanted $2, got $3"
  elif [ -n "${4:-}" ] && ! holds "$4"; then
    why="not so: $4 $(tail -n 1 "$work/expression")"
  fi
  if [ -z "$why" ]; then
    passed=$((passed + 1))
    echo "ok    $1"
  else
    failed=$((failed + 1))
    echo "FAIL  $1: $why"
    head -c 2000 "$work/body" || true
    echo
  fi
}

# request NAME WANTED EXPRESSION CURL-ARGUMENTS...: the first one to each function waits until cargo has looked it over.
request() {
  local name=$1 wanted=$2 expression=$3 status
  shift 3
  : >"$work/body"
  status=$(curl -sS --max-time 180 -o "$work/body" -w '%{http_code}' "$@" 2>>"$work/curl.log") || true
  check "$name" "$wanted" "$status" "$expression"
}

# await NAME EXPRESSION CURL-ARGUMENTS...: asks until it is so, for a minute at most.
await() {
  local name=$1 expression=$2 status=""
  shift 2
  for _ in $(seq 120); do
    status=$(curl -sS --max-time 180 -o "$work/body" -w '%{http_code}' "$@" 2>>"$work/curl.log") || true
    holds "$expression" && break
    sleep 0.5
  done
  check "$name" 200 "$status" "$expression"
}

# download NAME FILE CURL-ARGUMENTS...: follows the redirect that is expected; what comes back must be the file.
download() {
  local name=$1 file=$2 got
  shift 2
  rm -f "$work/fetched"
  got=$(curl -sS -L --max-time 180 -o "$work/fetched" -w '%{http_code} after %{num_redirects}' "$@" \
    2>>"$work/curl.log") || true
  cmp -s "$file" "$work/fetched" || got="$got, other bytes"
  check "$name" "200 after 1" "$got"
}

# send NAME FILE: to where $work/body says under `upload`, with the headers that it says.
send() {
  python3 -c '
import json, sys
upload = json.load(open(sys.argv[1], encoding="utf-8"))["upload"]
print("url =", json.dumps(upload["url"]))
for name, value in upload["headers"].items():
    print("header =", json.dumps(f"{name}: {value}"))' "$work/body" >"$work/upload" 2>>"$work/curl.log" || true
  request "$1" 200 "" -K "$work/upload" -T "$2"
}

need pgrep procps
if [ ! -x "$venv/bin/cargo-lambda" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  # Without its dependency: zig is for cross-compiling only.
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps 'cargo-lambda==1.9.*'
fi
PATH=$venv/bin:$PATH

# Chosen by name and not by --package, so that the features, and with them the artifacts, are those of `cargo test`
# and of `cargo run --bin`, which is what the watcher runs.
functions=(lead-list lead-create lead-detail lead-comment lead-site-lead lead-companies lead-upload lead-import lead-schema)
cargo build --bin leadctl "${functions[@]/#/--bin=}"

start_stack debug

unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
AWS_ENDPOINT_URL_DYNAMODB=$(field "$data/dev.json" dynamodb)
AWS_ENDPOINT_URL_S3=$(field "$data/dev.json" s3)
AWS_REGION=$(field "$data/dev.json" region)
AWS_ACCESS_KEY_ID=$(field "$data/dev.json" access_key_id)
AWS_SECRET_ACCESS_KEY=$(field "$data/dev.json" secret_access_key)
LEADLINE_TABLE=$(field "$data/dev.json" table)
LEADLINE_BUCKET=$(field "$data/dev.json" bucket)
LEADLINE_TOKEN_ALGORITHM=HS256
LEADLINE_TOKEN_SECRET=$(cat "$data/token-secret")
export AWS_ENDPOINT_URL_DYNAMODB AWS_ENDPOINT_URL_S3 AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export LEADLINE_TABLE LEADLINE_BUCKET LEADLINE_TOKEN_ALGORITHM LEADLINE_TOKEN_SECRET
org=$(field "$data/dev.json" org)
token=$(field "$data/dev.json" admin.token)
key=$(field "$data/dev.json" api_key)
member=$(field "$data/dev.json" user.email)

port=$(free_port)
start watch cargo lambda watch --ignore-changes --wait --invoke-address 127.0.0.1 --invoke-port "$port"
ready "cargo lambda watch" listens "$port"

api=http://127.0.0.1:$port
caller=(-H "Authorization: Bearer $token" -H "organization-id: $org")
head -c 100000 /dev/urandom >"$work/sent"
lead=""
for slash in / ""; do
  spelt="without slash"
  [ -n "$slash" ] && spelt="with slash"
  request "watch: site-lead, $spelt" 201 'body["id"] and body["created_from_site"] is True' \
    "$api/api/leads/create-from-site$slash?apikey=$key" \
    --data-urlencode "name=Zoë Lindqvist" --data-urlencode "email=lindqvist${slash:+.slash}@example.org" \
    --data-urlencode "account_name=Lindqvist & Co" --data-urlencode "source=Website Form"
  lead=$(field "$work/body" id 2>/dev/null || echo none)
  request "watch: list shows the lead just posted, $spelt" 200 \
    "any(lead['id'] == '$lead' for lead in body['open_leads'])" \
    "$api/api/leads$slash?limit=100" "${caller[@]}"
  request "watch: list by a filter in the query, $spelt" 200 \
    'body["open_leads_count"] >= 1 and all("Lindqvist" == lead["last_name"] for lead in body["open_leads"])' \
    "$api/api/leads$slash?name=lindq&status=assigned&status=in%20process" "${caller[@]}"
  request "watch: detail, $spelt" 200 "body['lead_obj']['id'] == '$lead'" \
    "$api/api/leads/$lead$slash" "${caller[@]}"
  request "watch: create, $spelt" 201 'body["title"] == "Ada Nwosu"' \
    "$api/api/leads$slash" "${caller[@]}" -H "Content-Type: application/json" \
    --data '{"first_name": "Ada", "last_name": "Nwosu"}'
  created=$(field "$work/body" id 2>/dev/null || echo none)
  request "watch: conversion, $spelt" 200 \
    'body["status"] == "converted" and body["converted_account"] and body["converted_contact"]' \
    -X PATCH "$api/api/leads/$created$slash" "${caller[@]}" --data-urlencode "status=converted" \
    --data-urlencode "account_name=Nwosu Works $spelt" --data-urlencode "email=nwosu${slash:+.slash}@example.org"
  request "watch: list of the converted, $spelt" 200 \
    "body['converted_leads_count'] >= 1 and '$created' in [lead['id'] for lead in body['converted_leads']]" \
    "$api/api/leads$slash?status=converted&limit=100" "${caller[@]}"
  request "watch: comment, $spelt" 201 \
    "[person['email'] for person in body['comment']['mentions']] == ['$member'] and body['attachment'] is None" \
    "$api/api/leads/$lead$slash" "${caller[@]}" --data-urlencode "comment=Called back, @$member has the numbers."
  comment=$(field "$work/body" comment.id 2>/dev/null || echo none)
  request "watch: comment changed, $spelt" 200 'body["comment"] == "Nobody was there." and body["updated_on"]' \
    -X PATCH "$api/api/leads/comment/$comment$slash" "${caller[@]}" -H "Content-Type: application/json" \
    --data '{"comment": "Nobody was there."}'
  request "watch: comment deleted, $spelt" 204 "" -X DELETE "$api/api/leads/comment/$comment$slash" "${caller[@]}"
  request "watch: attachment, $spelt" 201 \
    'body["attachment"]["file_name"] == "Büroplan 2.bin" and body["attachment"]["size"] == 100000' \
    "$api/api/leads/$lead$slash" "${caller[@]}" -F "comment=The plan of the office." \
    -F "attachment=@$work/sent;filename=Büroplan 2.bin;type=application/octet-stream"
  attachment=$(field "$work/body" attachment.id 2>/dev/null || echo none)
  download "watch: attachment fetched from the bucket, $spelt" "$work/sent" \
    "$api/api/leads/attachment/$attachment$slash" "${caller[@]}"
  request "watch: attachment deleted, $spelt" 204 "" \
    -X DELETE "$api/api/leads/attachment/$attachment$slash" "${caller[@]}"
  request "watch: companies, $spelt" 200 'any(c["name"] == "Lindqvist & Co" for c in body["companies"])' \
    "$api/api/leads/companies$slash" "${caller[@]}"
  company=$(field "$work/body" companies.0.id 2>/dev/null || echo none)
  request "watch: company, $spelt" 200 "'$company' in json.dumps(body)" \
    "$api/api/leads/company/$company$slash" "${caller[@]}"
  printf 'Full name,E-mail\nIda Berg,berg%s@example.org\nEva Holm,holm@\n' "${slash:+.slash}" >"$work/leads.csv"
  leads=(-F "leads_file=@$work/leads.csv;type=text/csv")
  request "watch: file of leads, $spelt" 200 \
    'body["status"] == "success" and [body[n + "_count"] for n in ("row", "imported", "failed")] == [2, 1, 1]' \
    "$api/api/leads/upload$slash" "${caller[@]}" "${leads[@]}"
  import=$(field "$work/body" id 2>/dev/null || echo none)
  request "watch: the same file again, $spelt" 200 \
    "body['repeat_of'] == '$import' and body['imported_count'] == 0" \
    "$api/api/leads/upload$slash" "${caller[@]}" "${leads[@]}"
  request "watch: imports, $spelt" 200 "'$import' in [each['id'] for each in body['imports']]" \
    "$api/api/leads/upload$slash?limit=100" "${caller[@]}"
  request "watch: import, $spelt" 200 "body['id'] == '$import' and body['progress'] == 100" \
    "$api/api/leads/upload/$import$slash" "${caller[@]}"
  request "watch: failed rows fetched from the bucket, $spelt" 200 "" \
    "$(field "$work/body" errors_file 2>/dev/null || echo none)"
  request "watch: import undone, $spelt" 200 \
    'body["status"] == "undone" and body["undo"]["removed_count"] == 1' \
    -X DELETE "$api/api/leads/upload/$import$slash" "${caller[@]}"
  printf 'Full name;E-mail\nOle Vik;vik%s@example.org\n' "${slash:+.slash}" >"$work/leads.csv"
  request "watch: place for a large file, $spelt" 201 'body["upload"]["method"] == "PUT"' \
    "$api/api/leads/upload$slash" "${caller[@]}" -H "Content-Type: application/json" \
    --data "{\"file_name\": \"leads.csv\", \"size\": $(wc -c <"$work/leads.csv")}"
  import=$(field "$work/body" id 2>/dev/null || echo none)
  send "watch: file sent to that place, $spelt" "$work/leads.csv"
  await "watch: that file imported, $spelt" 'body["status"] == "success" and body["imported_count"] == 1' \
    "$api/api/leads/upload/$import$slash" "${caller[@]}"
  request "watch: no token, $spelt" 401 'body["error"] is True' "$api/api/leads$slash"
  request "watch: schema, $spelt" 200 'body["openapi"].startswith("3.1.")' "$api/api/schema$slash"
  request "watch: docs, $spelt" 200 "" "$api/api/docs$slash"
  request "watch: method not allowed, $spelt" 405 'body["error"] is True' \
    -X DELETE "$api/api/leads$slash" "${caller[@]}"
done
request "watch: no such path" 404 'body["error"] is True' "$api/api/nothing" "${caller[@]}"

# event FILE FUNCTION: sends the event with its placeholders filled and prints what the function answers.
tried=()
event() {
  sed -e "s|__TOKEN__|$token|g" -e "s|__ORG__|$org|g" -e "s|__API_KEY__|$key|g" -e "s|__LEAD__|$lead|g" \
    -e "s|__BUCKET__|$LEADLINE_BUCKET|g" "events/$1" >"$work/event.json"
  timeout 180 cargo lambda invoke "$2" --invoke-address 127.0.0.1 --invoke-port "$port" \
    --data-file "$work/event.json" 2>>"$work/invoke.log" </dev/null
}

# invoke FILE FUNCTION WANTED [EXPRESSION]: an event of the gateway; checks the answer in what is answered.
invoke() {
  local file=$1 function=$2 wanted=$3 expression=${4:-} status
  tried+=("$file")
  : >"$work/body"
  status=$(event "$file" "$function" | python3 -c '
import base64, json, sys
answer = json.load(sys.stdin)
body = answer.get("body") or ""
data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
open(sys.argv[1], "wb").write(data)
print(answer["statusCode"])' "$work/body" 2>>"$work/invoke.log") || true
  check "invoke: $file" "$wanted" "$status" "$expression"
}

# deliver NAME FILE: an event of the queue; no message may be given back for good. Once it may be: by whoever meets
# another at the same file.
deliver() {
  local status=failed
  tried+=("$2")
  for _ in 1 2 3; do
    event "$2" lead-import >"$work/body" && status=answered
    grep -q itemIdentifier "$work/body" || break
    sleep 1
  done
  check "invoke: $1" answered "$status" 'body == {"batchItemFailures": []}'
}

invoke site-lead.json lead-site-lead 201 'body["last_name"] == "Ångström" and body["source"] == "Website Form"'
invoke create-lead.json lead-create 201 'body["opportunity_amount"] == "75000.00" and body["country"] == "GB"'
invoke create-lead-no-title.json lead-create 201 'body["title"] == "Jun Tanaka"'
invoke create-lead-invalid.json lead-create 400 \
  'set(body["errors"]) >= {"first_name", "last_name", "email", "status", "probability", "close_date", "opportunity_amount"}'
invoke create-lead-multipart.json lead-create 201 'body["last_name"] == "Ferreira" and len(body["tags"]) == 2'
invoke list-leads.json lead-list 200 '[lead["last_name"] for lead in body["open_leads"]] == ["Ångström"]'
invoke comment.json lead-comment 201 \
  'body["comment"]["comment"].startswith("Called back;") and body["attachment"] is None'
invoke attach-file.json lead-comment 201 \
  'body["comment"]["comment"] == "The plan of the office." and body["attachment"]["size"] == 69'
invoke detail-lead.json lead-detail 200 \
  "body['lead_obj']['id'] == '$lead' and [file['file_name'] for file in body['attachments']] == ['Büroplan 2.png']"
invoke convert-lead.json lead-detail 200 \
  'body["status"] == "converted" and body["converted_account"] and body["converted_opportunity"]'
invoke companies.json lead-companies 200 'len(body["companies"]) >= 2'
invoke upload-file.json lead-upload 200 \
  'body["status"] == "success" and [body[n + "_count"] for n in ("row", "imported", "failed")] == [3, 2, 1]
  and [(e["row"], e["field"], e["column"], e["value"]) for e in body["errors"]] == [(4, "email", "E-mail", "nora.lie@")]
  and body["ignored_columns"] == ["Shoe size"]'
invoke schema.json lead-schema 200 'body["openapi"].startswith("3.1.")'
deliver "import-test-event.json" import-test-event.json
deliver "import-file.json, of a file that is gone" import-file.json
request "bucket: file dropped" 200 "" --aws-sigv4 "aws:amz:$AWS_REGION:s3" \
  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" \
  -T events/leads.csv "$AWS_ENDPOINT_URL_S3/$LEADLINE_BUCKET/imports/$org/leads%20of%20K%C3%B6ln.csv"
# The stack has an event of the same file for a function of its own: whoever comes first, it is imported once.
deliver "import-file.json" import-file.json
await "bucket: dropped file imported once" \
  '[(each["status"], each["row_count"], each["imported_count"], each["failed_count"]) for each in body["imports"]
  if each["file_name"] == "leads of Köln.csv"] == [("success", 3, 2, 1)]' \
  "$api/api/leads/upload/?limit=100" "${caller[@]}"
invoke list-imports.json lead-upload 200 \
  '{each["file_name"] for each in body["imports"]} >= {"leads of Köln.csv", "Messe Köln.csv"}'
for file in events/*.json; do
  case " ${tried[*]} " in
    *" ${file##*/} "*) ;;
    *) failed=$((failed + 1)); echo "FAIL  invoke: ${file##*/}: not tried by this script" ;;
  esac
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
