#!/usr/bin/env bash
# Proves in a real browser that a form on a website becomes a lead, against a local stack that is started here and
# thrown away. Needs cargo and Node.js 20 with npm; Chromium comes from Debian where there is none.
# Screenshots go to the folder that SCREENSHOTS names, if it does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/lib.sh

node_modules tests/browser
[ -n "${CHROMIUM:-}" ] || need chromium chromium "; CHROMIUM may say where one is"
chromium=${CHROMIUM:-$(command -v chromium)}

# Chosen by name and not by --package, so that the features, and with them the artifacts, are those of `cargo test`.
cargo build --bin leadctl
start_stack debug

DATA_DIR=$data LEADCTL=$leadctl CHROMIUM=$chromium SCREENSHOTS=${SCREENSHOTS:-$work/screenshots} TMPDIR=$work \
  timeout 600 node --test --test-reporter=spec tests/browser/*.test.mjs
