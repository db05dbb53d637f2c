# shellcheck shell=bash
# For `source`: packages of the system that a test needs. Where they are there, nothing is asked of the network.

# packages LOG NAME…: installs those of Debian's packages that lack; ends the script where that fails.
packages() {
  local log=$1 wanted=() package sudo=
  shift
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || wanted+=("$package")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  echo "installing ${wanted[*]}" >&2
  [ "$(id -u)" = 0 ] || sudo=sudo
  # Lists may be empty or too old to be served any more: only then are they fetched anew.
  for refresh in false true; do
    if $refresh; then $sudo apt-get -o DPkg::Lock::Timeout=600 -q update >>"$log" 2>&1 || true; fi
    if $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q install -y --no-install-recommends \
      "${wanted[@]}" >>"$log" 2>&1; then return 0; fi
  done
  tail -n 20 "$log" >&2
  exit 1
}
