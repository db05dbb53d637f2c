#!/usr/bin/env bash
# Installs the linters that are the judges of what is told of them, pinned, under PREFIX/linters; a second run finds them and does
# nothing. Uses pip; apt only for Python and its pip where they lack. Clippy comes with the toolchain.
set -euo pipefail

RUFF=0.17.6

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
if ! python3 -m pip --version >/dev/null 2>&1; then packages "$1/linters-apt.log" python3 python3-pip; fi
stamp=$1/linters/version
version="ruff $RUFF"
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ]; then exit 0; fi
rm -rf "$1/linters"
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: --target "$1/linters" "ruff==$RUFF"
printf '%s' "$version" >"$stamp"
echo "installed $version" >&2
