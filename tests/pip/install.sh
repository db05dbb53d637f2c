#!/usr/bin/env bash
# Installs the pip that is the judge of the inventory's answers about it, pinned, under PREFIX/pip; a second run finds it and
# does nothing. Uses pip; apt only for Python and its pip where they lack.
set -euo pipefail

PIP=26.3

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
if ! python3 -m pip --version >/dev/null 2>&1; then packages "$1/pip-apt.log" python3 python3-pip; fi
stamp=$1/pip/version
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$PIP" ]; then exit 0; fi
rm -rf "$1/pip"
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: --target "$1/pip" "pip==$PIP"
printf '%s' "$PIP" >"$stamp"
echo "installed pip $PIP" >&2
