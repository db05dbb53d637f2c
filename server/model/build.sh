#!/usr/bin/env bash
# Builds `holdover-model`, the program that runs a language model, and puts it beside `holdover`. Its engine's kernels are chosen when it is
# built, so several builds lie beside each other and the first one started becomes the best that this machine can run:
#   holdover-model          runs on every processor of this architecture
#   holdover-model-avx2     x86-64 with AVX2, FMA and F16C, that is nearly all since 2015
#   holdover-model-native   what this very machine has; only with --native, and never handed out
#
# usage: server/model/build.sh [--out FOLDER] [--target TRIPLE] [--native] [--offline]
#        FOLDER: where `holdover` is; the release folder of the target folder where none is named
# environment: CARGO_TARGET_DIR (target); the builds lie in `model…` below it
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
out=$target/release triple='' native='' offline=()
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out FOLDER} && shift ;;
    --target) triple=${2:?--target TRIPLE} && shift ;;
    --native) native=yes ;;
    --offline) offline=(--offline) ;;
    *)
      sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
  shift
done
mkdir -p "$out"
options=(--release --locked --quiet "${offline[@]}" --manifest-path "$here/Cargo.toml")
[ -z "$triple" ] || options+=(--target "$triple")

# build NAME FLAGS: one build, in a folder of its own, since other flags build everything anew.
build() {
  local name=$1 flags=$2
  CARGO_TARGET_DIR=$target/${name#holdover-} RUSTFLAGS="${RUSTFLAGS:-} $flags" cargo build "${options[@]}"
  install -m 755 "$target/${name#holdover-}/${triple:+$triple/}release/holdover-model" "$out/$name"
}

architecture=${triple%%-*}
build holdover-model ''
if [ "${architecture:-$(uname -m)}" = x86_64 ]; then
  # What x86-64-v3 is, and nothing else.
  build holdover-model-avx2 '-C target-cpu=x86-64-v3'
fi
if [ -n "$native" ]; then
  build holdover-model-native '-C target-cpu=native'
  # It is run where the processor says of itself what this one does.
  "$out/holdover-model-native" --processor >"$out/holdover-model-native.cpu"
fi
