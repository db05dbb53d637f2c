#!/usr/bin/env bash
# Installs Ceph's S3 gateway, with the monitor and the store that it needs, from Debian's own suite: what tests of object stores speak to.
set -euo pipefail

CEPH=16.2.15

if [ $# -ne 1 ]; then
  echo "usage: $0 FOLDER-FOR-THE-LOG" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
packages "$1/ceph-apt.log" radosgw ceph-mon ceph-osd
found=$(radosgw --version | sed -n 's/^ceph version \([0-9.]*\).*/\1/p')
if [ "$found" != "$CEPH" ]; then
  echo "the gateway that object stores are tested with is Ceph $CEPH, and $found is here" >&2
  exit 1
fi
