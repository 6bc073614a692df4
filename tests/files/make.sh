#!/usr/bin/env bash
# Makes the files of this folder again, with the programs that README.md names. Nothing in the project runs this: the
# tests read the files as they are committed. Dates of writing, and the salt of protected.xlsx, differ each time.
# Needs python3, npm, node, and LibreOffice (Debian: apt-get install libreoffice-calc-nogui); the rest comes from PyPI
# and npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

command -v soffice >/dev/null || {
  echo "error: LibreOffice is missing: apt-get install libreoffice-calc-nogui" >&2
  exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  openpyxl==3.1.5 xlsxwriter==3.3.1 pandas==3.1.1 msoffcrypto-tool==6.1.0
npm install --silent --no-audit --no-fund --prefix "$work" xlsx@0.18.5 xlsx-0.16@npm:xlsx@0.16.1 csv-spectrum@2.0.0

"$work/venv/bin/python" make.py "$work"
