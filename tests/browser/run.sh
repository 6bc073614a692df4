#!/usr/bin/env bash
# Proves in a real browser that a form on a website becomes a lead, against a local stack that is started here and
# thrown away. Needs cargo and Node.js 20 with npm; Chromium comes from Debian where there is none.
# Screenshots go to the folder that SCREENSHOTS names, if it does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mkdir -p "${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
export CARGO_TARGET_DIR
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

node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || die "Node.js 20 or later is needed"
chromium=${CHROMIUM:-$(command -v chromium || true)}
if [ -z "$chromium" ]; then
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || die "no chromium; CHROMIUM may say where one is"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
  chromium=$(command -v chromium)
fi
if ! cmp -s tests/browser/package-lock.json tests/browser/node_modules/installed.json; then
  npm ci --prefix tests/browser --no-audit --no-fund
  cp tests/browser/package-lock.json tests/browser/node_modules/installed.json
fi

# Chosen by name and not by --package, so that the features, and with them the artifacts, are those of `cargo test`.
cargo build --bin leadctl
leadctl=$CARGO_TARGET_DIR/debug/leadctl

"$leadctl" dev --port 0 --data-dir "$data" >"$work/leadctl.log" 2>&1 </dev/null &
stack=$!
for _ in $(seq 600); do
  [ -s "$data/dev.json" ] && break
  kill -0 "$stack" 2>/dev/null || die "leadctl dev ended"
  sleep 0.1
done
[ -s "$data/dev.json" ] || die "leadctl dev was not ready within 60 s"

DATA_DIR=$data LEADCTL=$leadctl CHROMIUM=$chromium SCREENSHOTS=${SCREENSHOTS:-$work/screenshots} TMPDIR=$work \
  timeout 600 node --test --test-reporter=spec tests/browser/*.test.mjs
