#!/usr/bin/env bash
# Installs the corepack that is the judge of the answers about what it has, pinned, under PREFIX/corepack; a second run finds it
# and does nothing. Uses npm.
set -euo pipefail

VERSION=0.34.6

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
folder=$1/corepack
stamp=$folder/installed
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$VERSION" ]; then exit; fi
rm -rf "$folder"
mkdir -p "$folder"
echo '{"private": true}' >"$folder/package.json"
npm install --silent --no-audit --no-fund --save-exact --prefix "$folder" "corepack@$VERSION"
printf '%s' "$VERSION" >"$stamp"
echo "installed corepack $VERSION" >&2
