#!/usr/bin/env bash
# Installs the uv that is the judge of the inventory's answers about it, pinned, under PREFIX/uv; a second run finds it and
# does nothing. Uses pip; apt only for Python and its pip where they lack.
set -euo pipefail

UV=0.13.6

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
if ! python3 -m pip --version >/dev/null 2>&1; then packages "$1/uv-apt.log" python3 python3-pip; fi
stamp=$1/uv/version
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$UV" ]; then exit 0; fi
rm -rf "$1/uv"
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: --target "$1/uv" "uv==$UV"
printf '%s' "$UV" >"$stamp"
echo "installed uv $UV" >&2
