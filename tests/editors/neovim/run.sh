#!/usr/bin/env bash
# Drives real Neovims: unit tests of the plugin, the main job without a screen, and the main job in a terminal with
# screenshots. Closes with `N passed, N failed`; ends with 1 where something failed, and where something could not run.
#
# usage: run.sh [unit] [install] [main] [checks] [explain] [notes] [records] [sharing] [reviews] [operations] [preview] [hard] [denied] [terminal]     all of them where none is named
# environment, each made or found where it is not set:
#   HOLDOVER_BIN       the program                        (built with cargo)
#   HOLDOVER_PROJECT   what fixtures/generate/small.sh made: workspace, cargo-home and npm-cache; it is copied, not changed
#   HOLDOVER_EDITORS   where Neovim is installed          (target/tools/neovim)
#   HOLDOVER_SHOTS     where the screenshots go           (target/screenshots/neovim)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
editors=${HOLDOVER_EDITORS:-${HOLDOVER_TOOLS:-$target/tools}/neovim}
shots=${HOLDOVER_SHOTS:-$target/screenshots/neovim}
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(unit install main checks explain notes records sharing reviews operations preview hard denied terminal)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$shots"
passed=0 failed=0 status=0

# A Neovim that sees nothing of the user's.
private() {
  local home=$scratch/home
  rm -rf "$home"/{config,share,state,cache}
  mkdir -p "$home"
  env HOME="$home" XDG_CONFIG_HOME="$home/config" XDG_DATA_HOME="$home/share" XDG_STATE_HOME="$home/state" \
    XDG_CACHE_HOME="$home/cache" RUSTUP_HOME="${RUSTUP_HOME:-$user_home/.rustup}" "$@"
}
user_home=$HOME

# count LOG STATUS: adds a script's closing line to the sum. A script without one has failed, and so has one that ended with
# a failure that it did not count, or had nothing to do.
count() {
  if [ "$2" != 0 ] && grep -qE '^[0-9]+ passed, 0 failed$' "$1"; then
    echo "FAILED  the script ended with $2"
    failed=$((failed + 1))
  elif grep -qE '^0 passed, 0 failed$' "$1"; then
    echo "FAILED  nothing was tested"
    failed=$((failed + 1))
  fi
  local line
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1) || true
  if [ -z "$line" ]; then
    echo "FAILED  no closing line: the script ended early"
    failed=$((failed + 1))
    return
  fi
  passed=$((passed + ${line%% *}))
  line=${line#*, }
  failed=$((failed + ${line%% *}))
}

# neovim NVIM SCRIPT [COMMAND…]: runs a script without a screen, below a command where one is named.
neovim() {
  echo "== $("$1" --version | head -n 1): $2"
  private "${@:3}" timeout 300 "$1" --clean --headless --cmd "set rtp^=$scratch/plugin" \
    --cmd "lua package.path = '$here/?.lua;' .. package.path" -c "luafile $here/$2" >"$scratch/log" 2>"$scratch/err" && status=0 || status=$?
  report "$status"
}

# report STATUS: shows what a script said, and what it wrote beside that where something failed.
report() {
  grep -vE '^[0-9]+ passed, ' "$scratch/log" || true
  if ! grep -qE '^[0-9]+ passed, 0 failed$' "$scratch/log"; then
    { cat "$scratch/err" && echo; } | sed 's/^/     | /' | tail -n 20
  fi
  count "$scratch/log" "$1"
}

# installed NVIM: the plugin put where the README puts it, with an init.lua that holds the README's line.
installed() {
  rm -rf "$scratch/fresh"
  cp -r "$repository/editors/neovim" "$scratch/fresh"
  echo "== $("$1" --version | head -n 1): installed.lua"
  # shellcheck disable=SC2016 # the inner shell expands these
  private env HOLDOVER_LUALINE="${HOLDOVER_LUALINE:-$editors/deb/root/usr/share/nvim-lualine}" bash -c '
    packages=$XDG_DATA_HOME/nvim/site/pack/holdover/start
    mkdir -p "$packages" "$XDG_CONFIG_HOME/nvim"
    ln -s "$2" "$packages/holdover.nvim"
    "$1" --headless -c "helptags ALL" -c q
    echo "vim.lsp.enable('"'holdover'"')" >"$XDG_CONFIG_HOME/nvim/init.lua"
    timeout 60 "$1" --headless --cmd "lua package.path = [[$3/?.lua;]] .. package.path" -c "luafile $3/installed.lua"
  ' bash "$1" "$scratch/fresh" "$here" >"$scratch/log" 2>"$scratch/err" && status=0 || status=$?
  report "$status"
}

# A project with full caches, copied, from which three artifacts are taken: a crate that stands in Cargo.toml, one that
# another brings in, and an npm package. Exports what main_job.lua and terminal.py expect.
project() {
  local made=${HOLDOVER_PROJECT:-$target/fixtures/small} host crates packages
  if [ -z "${HOLDOVER_PROJECT:-}" ]; then "$repository/fixtures/generate/small.sh" "$made" >/dev/null; fi
  # Laid out as in a home, because that is what the screenshots show.
  local home=$scratch/home
  rm -rf "$home"
  mkdir -p "$home/.npm" "$home/src"
  cp -a "$made/workspace" "$home/src/holdover-small"
  cp -a "$made/cargo-home" "$home/.cargo"
  cp -a "$made/npm-cache/." "$home/.npm/"
  export HOLDOVER_FIXTURE=$home/src/holdover-small CARGO_HOME=$home/.cargo
  export npm_config_cache=$home/.npm HOLDOVER_DATA_DIR=$home/.local/share/holdover
  unset CARGO_TARGET_DIR HOLDOVER_OFFLINE HOLDOVER_CONFIG
  # What registries answer at this hour is no matter of these tests.
  export HOLDOVER_MIRRORS_ASK=false
  # Nor is compiling.
  export HOLDOVER_CHECKS_DISABLE='["clippy"]'
  # What is exchanged, and when, is each script's own.
  export HOLDOVER_SYNC_AUTOMATIC=false

  # How many artifacts this machine needs, from cargo's and npm's own words.
  host=$(rustc -vV | sed -n 's/^host: //p')
  crates=$(cd "$HOLDOVER_FIXTURE" && cargo metadata --format-version 1 --locked --offline --filter-platform "$host" |
    node -e 'const m=JSON.parse(require("fs").readFileSync(0)); const ours=new Set(m.workspace_members);
      console.log(m.resolve.nodes.filter(n => !ours.has(n.id)).length)')
  packages=$(node -e 'const l=require(process.argv[1]).packages;
    const libc=process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
    const fits=(list, me) => !list || (list.some(x => x[0] !== "!") ? list.includes(me) : !list.includes("!" + me));
    const here=p => fits(p.os, process.platform) && fits(p.cpu, process.arch) && fits(p.libc, libc);
    console.log(Object.entries(l).filter(([k, p]) => k && !p.link && here(p)).length)' \
    "$HOLDOVER_FIXTURE/package-lock.json")
  export HOLDOVER_TOTAL=$((crates + packages))

  export HOLDOVER_WHOLE=$made
  export HOLDOVER_MISSING="cargo:memchr cargo:zmij npm:ms"
  # The dependencies in Cargo.toml and package.json that bring these in, from cargo's and npm's own graphs.
  HOLDOVER_CARGO_KEYS=$(cd "$HOLDOVER_FIXTURE" && cargo metadata --format-version 1 --locked --offline --filter-platform "$host" |
    node "$here/brings.mjs" cargo memchr zmij)
  HOLDOVER_NPM_KEYS=$(node "$here/brings.mjs" npm ms <"$HOLDOVER_FIXTURE/package-lock.json")
  export HOLDOVER_CARGO_KEYS HOLDOVER_NPM_KEYS
  rm -r "$CARGO_HOME"/registry/cache/*/memchr-* "$CARGO_HOME"/registry/cache/*/zmij-*
  rm -rf "$CARGO_HOME"/registry/src/*/memchr-* "$CARGO_HOME"/registry/src/*/zmij-*
  rm "$npm_config_cache/_cacache/content-v2/$(node -e 'const p=require(process.argv[1]).packages["node_modules/ms"];
    const [kind, sum]=p.integrity.split("-"); const hex=Buffer.from(sum, "base64").toString("hex");
    console.log(`${kind}/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`)' "$HOLDOVER_FIXTURE/package-lock.json")"
}

binary() {
  if [ -z "${HOLDOVER_BIN:-}" ]; then
    (cd "$repository" && cargo build --quiet --locked -p holdover)
    HOLDOVER_BIN=$target/debug/holdover
  fi
  export HOLDOVER_BIN
  [ -x "$HOLDOVER_BIN" ] || { echo "run.sh: no program: $HOLDOVER_BIN" >&2; exit 1; }
}

if [ -z "${NVIM:-}" ]; then "$here/install.sh" "$editors"; fi
# Both versions, unless one is named.
nvim=${NVIM:-$editors/bin/nvim}
nvims=("$nvim")
[ -n "${NVIM:-}" ] || nvims+=("$editors/bin/nvim-0.11")
export HOLDOVER_REPOSITORY=$repository HOLDOVER_SHOWN=$shots/shown.json
cp -r "$repository/editors/neovim" "$scratch/plugin"
private "$nvim" --clean --headless -c "helptags $scratch/plugin/doc" -c qall

for part in "${parts[@]}"; do
  case $part in
    unit)
      for binary in "${nvims[@]}"; do
        for script in "$here"/unit/*.lua; do neovim "$binary" "unit/${script##*/}"; done
      done
      ;;
    install)
      for binary in "${nvims[@]}"; do installed "$binary"; done
      ;;
    main)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" main_job.lua
      done
      ;;
    checks)
      binary
      linters=${HOLDOVER_TOOLS:-$target/tools}
      "$repository/tests/linters/install.sh" "$linters"
      for binary in "${nvims[@]}"; do
        project
        PATH=$linters/linters/bin:$PATH neovim "$binary" checks.lua
      done
      ;;
    explain)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" explain.lua
      done
      ;;
    notes)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" notes.lua
      done
      ;;
    records)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" records.lua
      done
      ;;
    sharing)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" sharing.lua
      done
      ;;
    reviews)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" reviews.lua
      done
      ;;
    operations)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" operations.lua
      done
      ;;
    preview)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" preview.lua
      done
      ;;
    hard)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" hard_cases.lua
      done
      ;;
    denied)
      binary
      for binary in "${nvims[@]}"; do
        project
        neovim "$binary" denied.lua unshare --user --map-root-user --net
      done
      ;;
    terminal)
      binary
      for theme in dark light; do
        project
        echo "== $("$nvim" --version | head -n 1) in a terminal, $theme"
        mkdir -p "$scratch/home/.local/bin"
        ln -sf "$HOLDOVER_BIN" "$scratch/home/.local/bin/holdover"
        private env PYTHONPATH="$editors/python" PATH="$scratch/home/.local/bin:$editors/bin:$PATH" \
          python3 "$here/terminal.py" "$nvim" "$scratch/plugin" "$editors/fonts" "$theme" "$shots" >"$scratch/log" &&
          status=0 || status=$?
        grep -vE '^[0-9]+ passed, ' "$scratch/log" || true
        count "$scratch/log" "$status"
      done
      echo "screenshots: $shots"
      ;;
    *)
      echo "run.sh: no such part: $part (unit, main, terminal)" >&2
      exit 2
      ;;
  esac
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
