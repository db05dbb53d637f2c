#!/usr/bin/env bash
# Installs the pnpm versions that are judges of the inventory's answers about pnpm, pinned, under PREFIX/pnpm; a second run
# finds them and does nothing. Uses npm.
set -euo pipefail

# One for each form of the store.
VERSIONS=(10.34.9 12.21.0)

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
for version in "${VERSIONS[@]}"; do
  folder=$1/pnpm/$version
  stamp=$folder/installed
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ]; then continue; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  echo '{"private": true}' >"$folder/package.json"
  npm install --silent --no-audit --no-fund --save-exact --prefix "$folder" "pnpm@$version"
  printf '%s' "$version" >"$stamp"
  echo "installed pnpm $version" >&2
done
