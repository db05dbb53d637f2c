#!/usr/bin/env bash
# The sample in a real Helix, in a terminal: what is missing, where; the code action; all is here. Only keys go in, and
# only the screen is looked at. Needs the environment of tests/editors/run.sh; usage: main_job.sh HX
set -euo pipefail

hx=$1
passed=0 failed=0
session=holdover-$$
socket=$(mktemp -d)
tmux() { command tmux -S "$socket/tmux" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null || true; rm -rf "$socket"' EXIT

screen() { tmux capture-pane -p -t "$session"; }
keys() { tmux send-keys -t "$session" "$@"; }

# within SECONDS COMMAND…: until the command says yes.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}
shows() { screen | grep -qF -- "$1"; }
lacks() { ! shows "$1"; }
ended() { ! tmux has-session 2>/dev/null; }
# The mark of a diagnostic stands before the line's number.
marked() { screen | grep -qE "^● +$1 "; }

check() {
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    screen | sed 's/^/     | /'
  fi
}

# Wide enough for a sentence on one line.
tmux new-session -d -s "$session" -x 240 -y 50 -c "$HOLDOVER_FIXTURE" "$hx" Cargo.lock
check 'the lockfile is open' within 20 shows NOR
check 'the status line counts one diagnostic' within 20 shows '● 1'
# To the first one; its text stands at the right edge while the cursor is on its line.
keys ']' d
check "it says: $HOLDOVER_TEXT" within 10 shows "$HOLDOVER_TEXT"
check 'and its code' shows '(missing-artifact)'
check "on line $HOLDOVER_LINE" marked "$HOLDOVER_LINE"
keys Space a
check 'the code action names it' within 10 shows "Get $HOLDOVER_NAME"
keys Enter
check 'once it ran, nothing is missing' within 120 lacks missing-artifact
check 'and no line is marked' lacks '●'

# It is left as a user leaves it, and its server has ended before the folders go.
keys :qa! Enter
within 20 ended || true

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
