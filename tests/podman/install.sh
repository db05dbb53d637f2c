#!/usr/bin/env bash
# Installs the Podman that is the judge of the inventory's answers about images, from Debian's own suite, under PREFIX/podman as a
# link; a second run finds it and does nothing.
set -euo pipefail

PODMAN=4.3.1

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
stamp=$1/podman/version
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$PODMAN" ] && [ -x "$1/podman/bin/podman" ]; then exit 0; fi
packages "$1/podman-apt.log" podman
found=$(/usr/bin/podman --version | sed -n 's/^podman version \([0-9.]*\).*/\1/p')
if [ "$found" != "$PODMAN" ]; then
  echo "the judge of answers about images is Podman $PODMAN, and $found is here" >&2
  exit 1
fi
rm -rf "$1/podman"
mkdir -p "$1/podman/bin"
ln -s /usr/bin/podman "$1/podman/bin/podman"
printf '%s' "$PODMAN" >"$stamp"
echo "found Podman $PODMAN" >&2
