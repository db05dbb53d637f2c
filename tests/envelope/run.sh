#!/usr/bin/env bash
# The envelopes of an exported journal and of a statement of checks, judged by a program of others: securesystemslib, pinned.
# Closes with `N passed, N failed`; ends with 1 where one failed.
#
# usage: run.sh
# environment: HOLDOVER_BIN (the program), HOLDOVER_TOOLS (where securesystemslib is installed)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${HOLDOVER_BIN:?names no program}" "${HOLDOVER_TOOLS:?names no folder}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOLDOVER_DATA_DIR=$scratch/data HOLDOVER_CONFIG=$scratch/none.toml

# Into a virtual environment, made anew when a version changes.
environment=$HOLDOVER_TOOLS/envelope
if ! cmp -s "$here/requirements.txt" "$environment/installed.txt"; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install -q --disable-pip-version-check --only-binary :all: --no-deps -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$environment/installed.txt"
fi

passed=0 failed=0
check() {
  local name=$1
  shift
  if "$@" >"$scratch/out" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    sed 's/^/     | /' "$scratch/out"
  fi
}
# refused TEXT: the judge says no, in these words.
refused() {
  if judge >"$scratch/said"; then return 1; fi
  grep -q "$1" "$scratch/said"
}
file=record.jsonl by=check.py
judge() { "$environment/bin/python" "$here/$by" "$scratch/$file" "$key"; }

mkdir "$scratch/project"
printf '[package]\nname = "sample"\nversion = "0.1.0"\n' >"$scratch/project/Cargo.toml"
"$HOLDOVER_BIN" preflight -q "$scratch/project" >/dev/null 2>&1 || true
"$HOLDOVER_BIN" offline on >/dev/null
key=$("$HOLDOVER_BIN" journal export --json --out "$scratch/record.jsonl" 2>/dev/null |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["device"])')
cp "$scratch/record.jsonl" "$scratch/kept.jsonl"
cp "$scratch/record.jsonl.dsse.json" "$scratch/kept.dsse.json"

check 'it accepts what was exported' judge
check 'and so does Holdover' "$HOLDOVER_BIN" journal verify "$scratch/record.jsonl"

printf '\n' >>"$scratch/record.jsonl"
check 'it refuses a file with one more byte' refused 'not the one that was signed'
cp "$scratch/kept.jsonl" "$scratch/record.jsonl"

# changed FROM TO PART: an envelope with one other character.
changed() {
  python3 - "$@" <<'PYTHON'
import json, sys
file, to, part = sys.argv[1:]
envelope = json.load(open(file, encoding="utf-8"))
of = envelope if part == "payload" else envelope["signatures"][0]
of[part] = of[part][:20] + ("A" if of[part][20] != "A" else "B") + of[part][21:]
json.dump(envelope, open(to, "w", encoding="utf-8"))
PYTHON
}

# One character of the signed statement, and one of the signature.
for part in payload sig; do
  changed "$scratch/kept.dsse.json" "$scratch/record.jsonl.dsse.json" "$part"
  check "it refuses an envelope whose $part was changed" refused 'refused'
done
cp "$scratch/kept.dsse.json" "$scratch/record.jsonl.dsse.json"
own=$key
key=$(printf '0%.0s' {1..64})
check 'it refuses the key of another device' refused 'refused'

file=checks.json by=attested.py
key=$own
(cd "$scratch/project" && git init -q && git add . && git -c user.name=a -c user.email=a@b.c commit -qm one)
(cd "$scratch/project" && "$HOLDOVER_BIN" trust -q && "$HOLDOVER_BIN" check lints --attest ../checks.json) >/dev/null 2>&1 || true
check 'it accepts what was stated of checks' judge
of_commit() { judge && judge | grep -q '^accepted: [A-Z]*, workspace commit$'; }
check 'and it is of the commit' of_commit
check 'and Holdover believes it' sh -c "cd '$scratch/project' && '$HOLDOVER_BIN' check --verify ../checks.json"
cp "$scratch/checks.json" "$scratch/kept.json"
for part in payload sig; do
  changed "$scratch/kept.json" "$scratch/checks.json" "$part"
  check "it refuses a statement whose $part was changed" refused 'refused'
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
