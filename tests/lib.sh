# shellcheck shell=bash
# What the scripts here share: cargo's target folder, a folder for their work that is thrown away, processes that end
# with the script, the local stack, and what else a test needs. Read under `set -euo pipefail` in the repository's root.

# Absolute, as not all is run in this folder.
mkdir -p "${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
export CARGO_TARGET_DIR

work=$(mktemp -d)
data=$work/data
started=""

die() {
  echo "error: $*" >&2
  exit 1
}

# descendants PID: the processes below it, as far as there is pgrep to find them.
descendants() {
  local child
  for child in $(pgrep -P "$1" 2>/dev/null || true); do
    descendants "$child"
    echo "$child"
  done
}

# Ends what was started, the last first. What a process has started goes with it; those below it that outlive it, and
# itself after 10 s, are ended by the ids noted before.
stop() {
  local pid below left
  for pid in $started; do
    below=$(descendants "$pid")
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    for left in $pid $below; do
      kill -9 "$left" 2>/dev/null || true
    done
  done
}

finish() {
  local status=$? log
  trap - EXIT
  stop
  for log in "$work"/*.log; do
    if [ "$status" -ne 0 ] && [ -s "$log" ]; then
      echo "--- end of ${log##*/}"
      tail -n 40 "$log"
    fi
  done
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND...: runs it until the script ends; what it says goes to $work/NAME.log, shown if the script fails.
start() {
  local log="$work/$1.log"
  shift
  "$@" >"$log" 2>&1 </dev/null &
  started="$! $started"
}

# ready NAME CONDITION...: waits until the condition holds of what was started last, which is called NAME.
ready() {
  local name=$1
  shift
  for _ in $(seq 600); do
    "$@" && return
    kill -0 "${started%% *}" 2>/dev/null || die "$name ended"
    sleep 0.1
  done
  die "$name was not ready within 60 s"
}

free_port() {
  python3 -c '
import socket
with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1])'
}

# listens PORT: whether somebody does.
listens() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start_stack PROFILE: the local stack, as `cargo build` made it in that profile's folder. It keeps its data in $data.
start_stack() {
  leadctl=$CARGO_TARGET_DIR/$1/leadctl
  mkdir "$data"
  start leadctl "$leadctl" dev --port 0 --data-dir "$data"
  ready "leadctl dev" test -s "$data/dev.json"
}

# leadctl ARGUMENTS...: a command on that stack; answers in JSON.
leadctl() {
  "$leadctl" --data-dir "$data" --json "$@"
}

# field FILE PATH: one value of a JSON file (-: of standard input), its path written a.b.c, 0 being a list's first.
field() {
  python3 -c '
import json, sys
value = json.load(sys.stdin if sys.argv[1] == "-" else open(sys.argv[1], encoding="utf-8"))
for name in sys.argv[2].split("."):
    value = value[int(name) if isinstance(value, list) else name]
print(value)' "$1" "$2"
}

# need PROGRAM PACKAGE [HINT]: as root on Debian, installs the package if there is no such program.
need() {
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    die "no $1${3:-}"
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" >/dev/null
}

# node_modules FOLDER: what its package-lock.json names, installed when it is other than before.
node_modules() {
  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || die "Node.js 20 or later is needed"
  cmp -s "$1/package-lock.json" "$1/node_modules/installed.json" && return
  npm ci --prefix "$1" --no-audit --no-fund
  cp "$1/package-lock.json" "$1/node_modules/installed.json"
}
