# shellcheck shell=bash
# For `source`: a project with full caches from which one crate is taken, and a home that holds nothing of the user's.
# Every expectation is computed here, from files and not from the server.

# project MADE SCRATCH: copies what fixtures/generate/small.sh made. Exports HOLDOVER_FIXTURE, the workspace;
# HOLDOVER_NAME, what was taken; HOLDOVER_TEXT, what is to be said of it; HOLDOVER_LINE, its line in Cargo.lock, from 1.
project() {
  local made=$1 home=$2/home name=memchr
  export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
  rm -rf "$home"
  mkdir -p "$home/src" "$home/.npm" "$home/bin"
  cp -a "$made/workspace" "$home/src/holdover-small"
  cp -a "$made/cargo-home" "$home/.cargo"
  cp -a "$made/npm-cache/." "$home/.npm/"
  # The samples say `holdover`, as a user's would.
  # shellcheck disable=SC2153 # the caller sets it
  ln -s "$HOLDOVER_BIN" "$home/bin/holdover"
  export HOME=$home XDG_CONFIG_HOME=$home/.config XDG_DATA_HOME=$home/.local/share XDG_STATE_HOME=$home/.local/state \
    XDG_CACHE_HOME=$home/.cache PATH=$home/bin:$PATH CARGO_HOME=$home/.cargo npm_config_cache=$home/.npm \
    HOLDOVER_DATA_DIR=$home/.local/share/holdover HOLDOVER_CONFIG=$home/none.toml
  unset CARGO_TARGET_DIR HOLDOVER_OFFLINE HOLDOVER_LOG
  HOLDOVER_FIXTURE=$home/src/holdover-small
  rm -r "$CARGO_HOME"/registry/cache/*/"$name"-[0-9]*
  rm -rf "$CARGO_HOME"/registry/src/*/"$name"-[0-9]*
  HOLDOVER_NAME=$name
  HOLDOVER_LINE=$(grep -n "^name = \"$name\"$" "$HOLDOVER_FIXTURE/Cargo.lock" | cut -d: -f1)
  HOLDOVER_TEXT="$name $(sed -n "$((HOLDOVER_LINE + 1))s/^version = \"\(.*\)\"$/\1/p" "$HOLDOVER_FIXTURE/Cargo.lock") is not here: its .crate is not in the cache"
  export HOLDOVER_FIXTURE HOLDOVER_NAME HOLDOVER_LINE HOLDOVER_TEXT
}

# back: whether what was taken is there again.
back() { compgen -G "$CARGO_HOME/registry/cache/*/$HOLDOVER_NAME-*.crate" >/dev/null; }
