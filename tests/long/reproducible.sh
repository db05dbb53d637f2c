#!/usr/bin/env bash
# Whether what is handed out can be made again: builds HEAD in two clones in different folders, with target folders of
# their own, and compares every byte. About two release builds; uncommitted changes take no part.
#
# usage: reproducible.sh [FOLDER]     FOLDER keeps the first result; else it is removed
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
repository=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
places=("$scratch/one" "$scratch/another and longer/place")
builds=()
for place in "${places[@]}"; do
  git clone --quiet --no-hardlinks "$repository" "$place/source"
  # At once: linking takes one core, and most of the time.
  (cd "$place/source" && env -u CARGO_TARGET_DIR -u HOLDOVER_TOOLS .ci/dist --out "$place/out" >"$place/log" 2>&1) &
  builds+=($!)
done
for at in 0 1; do
  wait "${builds[at]}" || { tail -n 30 "${places[at]}/log" >&2; exit 1; }
done
if [ $# -gt 0 ]; then mkdir -p "$1" && cp "${places[0]}"/out/* "$1/"; fi
date -u '+%F'
git -C "${places[0]}/source" log -1 --format='commit %h'
for version in 'rustc --version' 'musl-gcc --version' 'gzip --version'; do $version | head -n 1; done
cat "${places[0]}/out/SHA256SUMS"
if diff -r "${places[0]}/out" "${places[1]}/out"; then
  echo '1 passed, 0 failed'
else
  echo '0 passed, 1 failed'
  exit 1
fi
