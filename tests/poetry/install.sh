#!/usr/bin/env bash
# Installs the Poetry that is the judge of the inventory's answers about it, pinned, under PREFIX/poetry; a second run finds it
# and does nothing. Uses pip; apt only for Python and its pip where they lack.
set -euo pipefail

POETRY=2.5.1

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
if ! python3 -m pip --version >/dev/null 2>&1; then packages "$1/poetry-apt.log" python3 python3-pip; fi
stamp=$1/poetry/version
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$POETRY" ]; then exit 0; fi
rm -rf "$1/poetry"
python=python3
if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; fi
"$python" -m venv --without-pip "$1/poetry"
site=$("$1/poetry/bin/python" -c 'import site; print(site.getsitepackages()[0])')
version=$("$1/poetry/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --only-binary :all: --python-version "$version" --target "$site" "poetry==$POETRY"
printf '#!%s\nimport sys\nfrom poetry.console.application import main\nsys.exit(main())\n' "$(cd "$1/poetry/bin" && pwd)/python" >"$1/poetry/bin/poetry"
chmod +x "$1/poetry/bin/poetry"
printf '%s' "$POETRY" >"$stamp"
echo "installed Poetry $POETRY" >&2
