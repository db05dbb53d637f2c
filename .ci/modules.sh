#!/usr/bin/env bash
# Installs what the extension's lockfile names, unless it is there. One at a time: parts of a run that both need it go beside
# each other, and `npm ci` begins by deleting what is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../vscode-extension"
exec 9<package-lock.json
flock 9
# npm marks a finished install with a lockfile of its own.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
