#!/usr/bin/env bash
# Installs the Git LFS that is the judge of the inventory's answers about it, from Debian's own suite, where it lacks.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: $0 FOLDER-FOR-THE-LOG" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
packages "$1/lfs-apt.log" git-lfs
