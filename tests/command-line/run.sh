#!/usr/bin/env bash
# The program as it is installed: `cargo install` from the checkout, what the installed one says of itself, its completions
# in the real shells, its manual pages in the real man. Closes with `N passed, N failed`; ends with 1 where one failed.
#
# usage: run.sh [PREFIX]     PREFIX: an installed one, in place of `cargo install`
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
session=holdover-$$
tmux() { command tmux -S "$scratch/tmux" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null || true; rm -rf "$scratch"' EXIT
# shellcheck source=tests/packages.sh
source "$repository/tests/packages.sh"
packages "$scratch/apt.log" zsh fish man-db tmux

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

prefix=${1:-$scratch/prefix}
if [ $# -eq 0 ]; then
  # Without optimisation, and into the target folder that the tests build in: what is tested is that it installs.
  (cd "$repository" && cargo install --locked --debug --quiet --no-track --path server/holdover --root "$prefix")
fi
export PATH=$prefix/bin:$PATH
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$repository/Cargo.toml" | head -n 1)

says() { [ "$("${@:2}")" = "$1" ]; }
check "it says its version, $version" says "holdover $version" holdover --version
check 'it is the one in PATH' says "$prefix/bin/holdover" command -v holdover
check 'what asks the keyring lies beside it' test -x "$prefix/bin/holdover-keyring"
check 'what merges lies beside it' test -x "$prefix/bin/holdover-merge"
check 'what asks registries lies beside it' test -x "$prefix/bin/holdover-ask"
check 'what asks object stores lies beside it' test -x "$prefix/bin/holdover-store"
asks() { local code=0; "$prefix/bin/holdover-keyring" </dev/null || code=$?; [ "$code" -eq 2 ]; }
check 'and is run by nobody else' asks

# Each shell is asked what follows `holdover pre`, and `holdover preflight --f`.
holdover completions bash >"$scratch/holdover.bash"
check 'bash reads its completions' bash -n "$scratch/holdover.bash"
# As readline calls it: the words, which one is being typed, and the function with the command, that word and the one before.
# shellcheck disable=SC2016 # the inner shell expands it
in_bash() {
  bash --noprofile --norc -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _holdover "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; echo "${COMPREPLY[*]}"' "$scratch/holdover.bash" "$@"
}
check 'bash completes a command' says preflight in_bash holdover pre
check 'bash completes an option' says --fetch in_bash holdover preflight --f

holdover completions fish >"$scratch/holdover.fish"
check 'fish reads its completions' fish --no-config --no-execute "$scratch/holdover.fish"
in_fish() { fish --no-config -c "source '$scratch/holdover.fish'; complete -C '$1'" | cut -f 1; }
check 'fish completes a command' says preflight in_fish 'holdover pre'
check 'fish completes an option' says --fetch in_fish 'holdover preflight --f'

mkdir "$scratch/zsh"
holdover completions zsh >"$scratch/zsh/_holdover"
check 'zsh reads its completions' zsh -n "$scratch/zsh/_holdover"
shows() {
  local end=$((SECONDS + 20))
  until tmux capture-pane -p -t "$session" | grep -qE -- "$1"; do
    if [ "$SECONDS" -ge "$end" ]; then
      tmux capture-pane -p -t "$session"
      return 1
    fi
    sleep 0.1
  done
}
keys() { tmux send-keys -t "$session" "$@"; }
tmux new-session -d -s "$session" -x 160 -y 50 env PROMPT='ready> ' HOME="$scratch" zsh -f
keys "fpath=($scratch/zsh \$fpath); autoload -U compinit; compinit -u -D; echo set-\$?" Enter
check 'zsh takes them' shows '^set-0'
keys 'holdover pre' Tab
check 'zsh completes a command' shows '^ready> holdover preflight'
keys ' --f' Tab
check 'zsh completes an option' shows '^ready> holdover preflight +--fetch'

holdover man --quiet --to "$scratch/man"
quiet() {
  local said
  said=$(man --warnings -E UTF-8 -l "$1" 2>&1 >/dev/null)
  echo "$said"
  [ -z "$said" ]
}
for page in "$scratch"/man/*.1; do
  check "man has nothing to say against $(basename "$page")" quiet "$page"
done
renders() { MANWIDTH=80 man -E UTF-8 -l "$scratch/man/holdover-preflight.1" | grep -F -- "$1"; }
check 'the page shows an option' renders '--fetch'
check 'the page shows an example' renders 'holdover preflight --deep --json'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
