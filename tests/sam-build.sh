#!/usr/bin/env bash
# Proves that `sam build` makes every function of the template with cargo-lambda, and that what it makes starts.
# Needs cargo, and in PATH the SAM CLI and cargo-lambda with zig. Builds for this machine's processor, or for what
# ARCHITECTURE says: arm64 or x86_64, of which rustup must have the target <processor>-unknown-linux-gnu.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tests/lib.sh

build=$CARGO_TARGET_DIR/sam
case $(uname -m) in
  aarch64 | arm64) here=arm64 ;;
  *) here=x86_64 ;;
esac
architecture=${ARCHITECTURE:-$here}
case $architecture in
  arm64) machine=183 ;;
  x86_64) machine=62 ;;
  *) die "ARCHITECTURE must be arm64 or x86_64, not $architecture" ;;
esac

# Not optimised, which takes most of the time of a deployment's build: the benchmark of starts builds what ships. With
# SAM_BUILD_MODE=release this does as well.
export SAM_BUILD_MODE=${SAM_BUILD_MODE:-debug}
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-eu-central-1}
rm -rf "$build"
sam build --beta-features --template template.yaml --build-dir "$build" \
  --parameter-overrides "Architecture=$architecture"

functions=$(awk '/^  [A-Za-z]+:$/ { name = substr($1, 1, length($1) - 1) }
  /^    Type: AWS::Serverless::Function$/ { print name }' template.yaml)
failed=0
for function in $functions; do
  binary=$build/$function/bootstrap
  why=""
  if [ ! -x "$binary" ]; then
    why="there is no $binary"
  elif [ "$(od -An -tu2 -j18 -N2 "$binary" | tr -d ' ')" != "$machine" ]; then
    why="it is for another processor"
  elif [ "$architecture" = "$here" ]; then
    # Without its environment it says what it misses; one that needs nothing of ours misses Lambda.
    said=$(env -i timeout 10 "$binary" 2>&1 </dev/null || true)
    [[ $said == *LEADLINE_TABLE* || $said == *AWS_LAMBDA_* ]] || why="it does not start: $said"
  fi
  if [ -z "$why" ]; then
    echo "ok    $function, $(wc -c <"$binary") bytes"
  else
    failed=$((failed + 1))
    echo "FAIL  $function: $why"
  fi
done
[ -n "$functions" ] && [ "$failed" = 0 ]
