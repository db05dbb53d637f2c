#!/usr/bin/env bash
# Installs Emacs with eglot, Vim with ALE, and tmux, from Debian's own suite where they lack, and under PREFIX/bin a
# Helix from Debian 13, whose C library comes along. A second run finds them. Debian 12 on x86-64.
set -euo pipefail

HELIX=25.01.1-4

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1/bin"
PREFIX=$(cd "$1" && pwd)
say() { printf '%s\n' "$*" >&2; }

# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
packages "$PREFIX/apt.log" emacs-nox elpa-eglot vim vim-ale tmux ncurses-term

stamp="helix $HELIX, install.sh $(sha256sum "${BASH_SOURCE[0]}" | cut -c1-16)"
if [ "$(cat "$PREFIX/installed" 2>/dev/null || true)" = "$stamp" ]; then
  exit 0
fi
say "installing Helix $HELIX"
rm -rf "$PREFIX/installed" "$PREFIX/helix"
# The mirror that this machine's apt uses for Debian itself.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
  awk '$2 == "main" && $1 !~ /security/ { print $1; exit }')
[ -n "$mirror" ] || { say "install.sh: apt names no Debian mirror"; exit 1; }
apt=$PREFIX/helix/apt
mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$PREFIX/helix/root"
: >"$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::State "$apt"; Dir::State::Lists "$apt/lists"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
Dir::Etc::SourceList "$apt/sources.list"; Dir::Etc::SourceParts "/dev/null"; Dir::Etc::Parts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Install-Recommends "false"; APT::Architecture "amd64"; APT::Sandbox::User "root"; Acquire::Languages "none";
Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";
CONF
if ! { APT_CONFIG=$apt/apt.conf apt-get -qq update && APT_CONFIG=$apt/apt.conf apt-get -qq -y --download-only install "hx=$HELIX"; } \
  >"$PREFIX/apt.log" 2>&1; then
  tail -20 "$PREFIX/apt.log" >&2
  exit 1
fi
root=$PREFIX/helix/root
for deb in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
rm -rf "$apt"
libs=$root/usr/lib/x86_64-linux-gnu
cat >"$PREFIX/bin/hx" <<WRAPPER
#!/bin/sh
HELIX_RUNTIME=$root/usr/lib/hx/runtime exec "$libs/ld-linux-x86-64.so.2" --library-path "$libs" "$root/usr/lib/hx/hx" "\$@"
WRAPPER
chmod +x "$PREFIX/bin/hx"
"$PREFIX/bin/hx" --version >&2
printf '%s' "$stamp" >"$PREFIX/installed"
