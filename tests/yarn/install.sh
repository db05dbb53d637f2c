#!/usr/bin/env bash
# Installs the Yarn versions that are judges of the inventory's answers about Yarn, pinned, under PREFIX/yarn; a second run
# finds them and does nothing. Uses npm.
set -euo pipefail

# One of each kind.
PACKAGES=(yarn@1.22.22 @yarnpkg/cli-dist@4.18.1)

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
for package in "${PACKAGES[@]}"; do
  version=${package##*@}
  folder=$1/yarn/$version
  stamp=$folder/installed
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ]; then continue; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  echo '{"private": true}' >"$folder/package.json"
  npm install --silent --no-audit --no-fund --save-exact --prefix "$folder" "$package"
  printf '%s' "$version" >"$stamp"
  echo "installed Yarn $version" >&2
done
