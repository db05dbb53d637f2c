#!/usr/bin/env bash
# Coverage-guided fuzzing (libFuzzer) of every reader of bytes that others may have written, on the stable toolchain. Each
# target begins with sound inputs (`fuzz/targets/seeds.rs`) and goes on with what earlier runs found, which stays below the
# target folder. A crash is kept there too, and named; the script then ends with 1.
#
# usage: tests/long/fuzz.sh SECONDS [TARGET…]     all of them where none is named
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/fuzz"
seconds=${1:?usage: tests/long/fuzz.sh SECONDS [TARGET…]}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(header payload segment records conflicts suggest lockfiles lints gguf)
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../../../target}/fuzz
export CARGO_INCREMENTAL=0
# What cargo-fuzz passes without a sanitizer. With --target, neither build scripts nor macros are instrumented.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
# Not --locked: the crates of the program bring what they need now, and the lockfile here follows.
cargo build --release --target "$host"
kept=$CARGO_TARGET_DIR/found
rm -rf "$kept/seeds"
HOLDOVER_SEEDS=$kept/seeds "$CARGO_TARGET_DIR/$host/release/seeds"
failed=0
for target in "${targets[@]}"; do
  mkdir -p "$kept/$target" "$kept/$target-crashes"
  echo "==> $target, load $(cut -d' ' -f1 /proc/loadavg)"
  log=$kept/$target.log
  TMPDIR=${TMPDIR:-/dev/shm} "$CARGO_TARGET_DIR/$host/release/$target" "$kept/$target" "$kept/seeds/$target" -max_total_time="$seconds" \
    -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$kept/$target-crashes/" > "$log" 2>&1 \
    || { failed=1; echo "CRASHED: see $log"; }
  grep -E 'cov: [0-9]+' "$log" | tail -1
  grep -E 'stat::number_of_executed_units' "$log" || true
done
exit "$failed"
