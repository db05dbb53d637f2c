#!/usr/bin/env bash
# Installs the ssh server and client that tests of git remotes speak to on this machine, from Debian's own suite, where they lack.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: $0 FOLDER-FOR-THE-LOG" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
packages "$1/ssh-apt.log" openssh-server openssh-client
