#!/usr/bin/env bash
# Installs a session bus, gnome-keyring, an SSH agent and GnuPG from Debian's own suite where they lack: the tests of the
# journal's key drive the real ones, each in a login of its own.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: $0 FOLDER-FOR-THE-LOG" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
packages "$1/keyring-apt.log" dbus-daemon dbus-bin gnome-keyring openssh-client gnupg
