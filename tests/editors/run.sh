#!/usr/bin/env bash
# Drives the samples of editors/ in real Emacs, Helix and Vim: each is loaded as it stands, one crate is missing, the
# editor says so on its line, its code action gets it, and the editor shows that all is here. (Neovim and VS Code have
# runners of their own.) Closes with `N passed, N failed`; ends with 1 where something failed or could not run.
#
# usage: run.sh [emacs] [helix] [vim]     all of them where none is named
# environment, each made or found where it is not set:
#   HOLDOVER_BIN       the program                                       (built with cargo)
#   HOLDOVER_PROJECT   what fixtures/generate/small.sh made; it is copied, not changed   (target/fixtures/small)
#   HOLDOVER_TOOLS     where the editors are installed                   (target/tools)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
tools=${HOLDOVER_TOOLS:-$target/tools}
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(emacs helix vim)

# shellcheck source=tests/editors/project.sh
source "$here/project.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ -z "${HOLDOVER_BIN:-}" ]; then
  (cd "$repository" && cargo build --quiet --locked -p holdover)
  HOLDOVER_BIN=$target/debug/holdover
fi
[ -x "$HOLDOVER_BIN" ] || { echo "run.sh: no program: $HOLDOVER_BIN" >&2; exit 1; }
made=${HOLDOVER_PROJECT:-$target/fixtures/small}
if [ -z "${HOLDOVER_PROJECT:-}" ]; then "$repository/fixtures/generate/small.sh" "$made" >/dev/null; fi
"$here/install.sh" "$tools/editors"
editors=$(cd "$tools/editors" && pwd)

part_emacs() {
  emacs --version | head -n 1
  # A sample that Emacs itself has something to say about is none.
  cp "$repository/editors/emacs/holdover.el" "$HOME/"
  emacs --batch --eval '(package-initialize)' --eval '(setq byte-compile-error-on-warn t)' \
    -f batch-byte-compile "$HOME/holdover.el" 2>&1 || return 1
  timeout 240 emacs --batch --eval '(package-initialize)' -l "$repository/editors/emacs/holdover.el" \
    -l "$here/emacs/main_job.el" 2>&1
}

part_helix() {
  "$editors/bin/hx" --version
  mkdir -p "$XDG_CONFIG_HOME/helix"
  cp "$repository/editors/helix/languages.toml" "$XDG_CONFIG_HOME/helix/"
  "$here/helix/main_job.sh" "$editors/bin/hx"
}

part_vim() {
  vim --version | head -n 1
  HOLDOVER_LOG_FILE=$scratch/vim.log timeout 240 vim -N -u NONE -i NONE -n --not-a-term -es \
    --cmd "set runtimepath^=/usr/share/vim-ale,$repository/editors/vim packpath=" -c 'filetype plugin on' \
    -c 'runtime! plugin/ale.vim plugin/holdover.vim' -c "source $here/vim/main_job.vim" </dev/null 2>&1 || true
  cat "$scratch/vim.log"
}

passed=0 failed=0
for part in "${parts[@]}"; do
  declare -F "part_$part" >/dev/null || { echo "run.sh: no such part: $part (emacs, helix, vim)" >&2; exit 2; }
  echo "== $part"
  # In a shell of its own, because the environment is another one.
  (
    project "$made" "$scratch/$part"
    holdover trust "$HOLDOVER_FIXTURE" >/dev/null
    "part_$part" || echo "FAILED  part_$part ended with $?"
    if back; then echo "and the crate is in the cache"; else echo "FAILED  the crate is not in the cache"; fi
  ) >"$scratch/log" 2>&1 || true
  cat "$scratch/log"
  sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$scratch/log" | tail -n 1) || true
  if [ -z "$sum" ]; then
    echo "FAILED  no closing line: the script ended early"
    failed=$((failed + 1))
    continue
  fi
  if [ "${sum%% *}" = 0 ]; then
    echo "FAILED  no step of $part passed"
    failed=$((failed + 1))
  fi
  passed=$((passed + ${sum%% *}))
  sum=${sum#*, }
  failed=$((failed + ${sum%% *}))
  if grep -q '^and the crate is in the cache$' "$scratch/log"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  # It counted its steps and then failed all the same, or had none.
  if grep -q '^FAILED  part_' "$scratch/log"; then failed=$((failed + 1)); fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
