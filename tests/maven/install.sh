#!/usr/bin/env bash
# Installs the Maven that is the judge of the inventory's answers about it, and the Java compiler that makes its plugins: Debian's,
# under PREFIX/maven as links; a second run finds them and does nothing.
set -euo pipefail

MAVEN=3.8.7

if [ $# -ne 1 ]; then
  echo "usage: $0 PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
# shellcheck source=tests/packages.sh
source "$(dirname "${BASH_SOURCE[0]}")/../packages.sh"
stamp=$1/maven/version
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$MAVEN" ] && [ -x "$1/maven/bin/mvn" ]; then exit 0; fi
packages "$1/maven-apt.log" maven
if ! command -v javac >/dev/null 2>&1; then packages "$1/maven-apt.log" openjdk-17-jdk-headless; fi
found=$(/usr/share/maven/bin/mvn -B -v 2>/dev/null | sed -n 's/.*Apache Maven \([0-9.]*\).*/\1/p')
if [ "$found" != "$MAVEN" ]; then
  echo "the judge of Maven's answers is Maven $MAVEN, and $found is here" >&2
  exit 1
fi
rm -rf "$1/maven"
mkdir -p "$1/maven/bin"
ln -s /usr/share/maven/bin/mvn "$1/maven/bin/mvn"
printf '%s' "$MAVEN" >"$stamp"
echo "found Maven $MAVEN" >&2
