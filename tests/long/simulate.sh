#!/usr/bin/env bash
# Deterministic simulation of synchronisation, for as long as is asked, and whether each planted defect is found. Seeds that are wrong
# are named; `tests/long/simulate.sh` shows one with `--from SEED --trace` in place of the numbers.
#
# usage: tests/long/simulate.sh FROM COUNT [JOBS] | --defects [--jobs N] | --from SEED --trace
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../simulation"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../../target}
cargo build --locked --quiet
run=$CARGO_TARGET_DIR/debug/holdover-simulation
case ${1:-} in
  --*) exec "$run" "$@" ;;
  *) exec "$run" --from "${1:?usage: tests/long/simulate.sh FROM COUNT}" --count "${2:?usage: tests/long/simulate.sh FROM COUNT}" --jobs "${3:-$(nproc)}" ;;
esac
