#!/usr/bin/env bash
# Fetches what judges requests of GitHub, pinned, under PREFIX/github: the description of its API as it is published, of which the parts
# that are asked here are kept, and what compares JSON with it. A second run finds them and does nothing. Uses npm.
set -euo pipefail

DESCRIPTION=23.0.2
NODE=(ajv@8.20.0)

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
folder=$1/github
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version="$DESCRIPTION ${NODE[*]} $(sha256sum <"$here/cut.mjs")"
stamp=$folder/installed
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ]; then exit; fi
rm -rf "$folder"
mkdir -p "$folder"
echo '{"private": true}' >"$folder/package.json"
npm install --silent --no-audit --no-fund --save-exact --prefix "$folder" "${NODE[@]}"
(cd "$folder" && npm pack --silent "@octokit/openapi@$DESCRIPTION" >/dev/null)
tar -xzf "$folder/octokit-openapi-$DESCRIPTION.tgz" -C "$folder" package/generated/api.github.com.json
node "$here/cut.mjs" "$folder/package/generated/api.github.com.json" "$folder/api.json"
rm -rf "$folder/package" "$folder/octokit-openapi-$DESCRIPTION.tgz"
printf '%s' "$version" >"$stamp"
echo "installed GitHub's description $DESCRIPTION, ${NODE[*]}" >&2
