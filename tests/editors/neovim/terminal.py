#!/usr/bin/env python3
"""The main job as a user does it: keys typed into Neovim in a real terminal, what is on the screen read back.

usage: terminal.py NVIM PLUGIN FONTS dark|light SHOTS
Needs the environment that run.sh makes. Each step waits for what must be on the screen and keeps a screenshot of it.
"""

import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NVIM, PLUGIN, FONTS, THEME, SHOTS = sys.argv[1:6]
COLUMNS, ROWS = 118, 30
SOCKET = f"holdover-{os.getpid()}"
WORKSPACE = os.environ["HOLDOVER_FIXTURE"]
TOTAL = int(os.environ["HOLDOVER_TOTAL"])
MISSING = len(os.environ["HOLDOVER_MISSING"].split())
passed = failed = 0


def tmux(*args):
    return subprocess.run(["tmux", "-L", SOCKET, "-f", "/dev/null", *args], check=True, capture_output=True, text=True).stdout


def screen():
    return tmux("capture-pane", "-p", "-t", "t")


def keys(*words):
    tmux("send-keys", "-t", "t", *words)


def command(text):
    keys("Escape", f":{text}", "Enter")


def shot(name):
    time.sleep(0.3)
    capture = tmux("capture-pane", "-e", "-p", "-N", "-t", "t")
    out = os.path.join(SHOTS, f"{name}-{THEME}.png")
    draw = [sys.executable, os.path.join(HERE, "screenshot.py"), FONTS, THEME, str(COLUMNS), str(ROWS), out]
    subprocess.run(draw, input=capture, text=True, check=True)


def step(name, patterns, absent=(), seconds=30, picture=None):
    """Waits until all patterns are on the screen and none of the absent ones is."""
    global passed, failed
    end = time.time() + seconds
    while True:
        text = screen()
        if all(re.search(p, text) for p in patterns) and not any(re.search(p, text) for p in absent):
            passed += 1
            print(f"ok      {name}")
            break
        if time.time() > end:
            failed += 1
            print(f"FAILED  {name}\n     wanted: {patterns}, not: {list(absent)}; on the screen:")
            print("\n".join("     | " + line for line in text.rstrip().split("\n")))
            break
        time.sleep(0.1)
    if picture:
        shot(picture)


def line_of(file, text):
    with open(os.path.join(WORKSPACE, file), encoding="utf-8") as lines:
        return next(n for n, line in enumerate(lines, 1) if text in line)


def main_job():
    memchr = line_of("Cargo.lock", 'name = "memchr"')
    some, full = f"offline: {TOTAL - MISSING:,} of {TOTAL:,}", f"offline: {TOTAL:,} of {TOTAL:,}"
    step("the status line shows the figures", [re.escape(some)])
    keys(str(memchr), "G", "z", "z")
    step("the line of the missing crate is marked", [r'name = "memchr"\s.*●.*memchr'], picture="1-missing")
    keys("0", "w", "w", "w", "K")
    step("K says where it was looked for and what needs it", [r"registry/cache", r"(?i)needed by"], picture="2-hover")
    keys("Escape", "j", "k")
    command("Holdover")
    step(":Holdover shows every figure", [re.escape(some), r"Cargo\.lock", r"2 missing"], picture="3-status")
    keys("q")
    command("Holdover preflight")
    step(":Holdover preflight lists what is missing", [r"memchr .*is missing", r"zmij .*is missing", r"ms .*is missing"], picture="4-preflight")
    command("cclose")
    command("Holdover readiness")
    readiness = [re.escape(some), r"cargo +9 of 11 here, 2 missing", r"memchr 2\S+ +missing", r"ms \S+ +missing", r"looked just now"]
    step(":Holdover readiness shows what is missing under its lockfile", readiness)
    keys("/", "m", "e", "m", "c", "h", "r", "Enter")
    command("nohlsearch")
    step("what is here is folded", [r"▸ +9 here"], absent=[r"✓"], picture="5-readiness")
    keys("K")
    step("K says where it was looked for", [r"looked in +~/\.cargo/registry/cache"])
    keys("q")
    step("the float is gone", [r"9 here"], absent=[r"looked in"])
    keys("Enter")
    step("<CR> goes to the line of the lockfile", [rf"Cargo\.lock .* {memchr}:1"])
    keys("C-w", "j", "q")
    step("q closes the window", [r'name = "memchr"'], absent=[r"9 here"])
    keys(str(memchr), "G", "0", "w", "w", "w")
    keys("g", "r", "a")
    step("gra offers to fetch", [r"(?m)^\s*\d: .*"], picture="6-actions")
    menu = [m for m in re.finditer(r"(?m)^\s*(\d+): (.*)$", screen())]
    everything = next((m.group(1) for m in menu if "everything" in m.group(2).lower() or "all" in m.group(2).lower()), "1")
    keys(everything, "Enter")
    step("the workspace is not trusted yet, so it asks", [r"Trust"], picture="7-trust")
    keys("1", "Enter")
    step("after the fetch everything is here", [re.escape(full)], absent=[r"●.*memchr"], seconds=120)
    keys("Escape")
    command("Holdover")
    step(":Holdover shows that it is ready", [re.escape(full), r"ready: everything"], picture="8-ready")
    keys("q")
    command("Holdover journal")
    step(":Holdover journal lists what was done", [r"just now +fetch\.finished .*3 artifacts fetched", r"trust\.given"])
    keys("/", "f", "e", "t", "c", "h", ".", "f", "Enter")
    command("nohlsearch")
    keys("p")
    step("p shows the entry beside the list", [r"\| *who", r"holdover:/journal/.*\.md"], picture="9-journal")
    keys("q")
    command("only")


CONFLICT = """fn greeting(name: &str) -> String {
<<<<<<< main
    format!("Hello, {name}! 😀")
=======
    let name = name.trim();
    format!("Good day, {name}.")
>>>>>>> feature/manners
}
"""


def conflict():
    with open(os.path.join(WORKSPACE, "src", "greeting.rs"), "w", encoding="utf-8") as out:
        out.write(CONFLICT)
    command("edit src/greeting.rs")
    keys("4", "G")
    step("a merge conflict is marked", [r"●.*(?i:conflict)"], picture="10-conflict")
    keys("g", "r", "a")
    step("gra offers both sides by their names", [r"\d: .*main", r"\d: .*feature/manners"], picture="11-conflict-actions")
    keys("q", "Enter")
    command("Holdover conflicts window")
    step("the window of conflicts names both sides", [r"line 2 to 7 +conflict between main and feature/manners"], picture="12-conflicts")
    keys("q")
    keys("4", "G")
    command("Holdover preview incoming")
    seen = [r"feature/manners \(\d of \d\)", r"take it", r"keeps: 2 lines from feature/manners", r"drops: 1 line from main"]
    step("the preview shows what is kept and dropped, beside the other side", seen, picture="14-preview")
    keys("q")
    step("q closes it", [r"<<<<<<< main"], absent=[r"take it"])
    command("Holdover accept incoming")
    step("accepting one side leaves it", [r"Good day"], absent=[r"<<<<<<<", r"Hello", r">>>>>>>"])


def health():
    command("checkhealth holdover")
    step(":checkhealth holdover", [r"OK holdover \d", r"OK journal key"], absent=[r"ERROR"], picture="13-health")
    keys("G")
    step("its end names the servers and the figures", [r"Servers", re.escape(f"offline: {TOTAL:,} of {TOTAL:,}")], absent=[r"ERROR"])


def switches():
    """Voluntary context switches of Neovim, its parts and the server, by thread: how often each woke up."""
    pids, found = [tmux("display", "-p", "-t", "t", "#{pane_pid}").strip()], {}
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children:
                pids += children.read().split()
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as status:
                fields = dict(line.split(":\t", 1) for line in status.read().splitlines() if ":\t" in line)
            name = f"{fields['Name']} {task} of {open(f'/proc/{pid}/comm').read().strip()}"
            found[name] = int(fields["voluntary_ctxt_switches"])
    return found


def idle(seconds):
    """With a window of Holdover's open, nothing may wake up while nobody does anything."""
    global passed, failed
    command("Holdover readiness")
    step("the readiness window is open", [r"artifacts? |here"])
    time.sleep(8)  # 'updatetime', what follows the last key, and the server's rest 4 s after it
    before = switches()
    time.sleep(seconds)
    after = switches()
    # What watches the journal's file may look; nothing else may.
    woken = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name) and not re.match("journal-watch|notify", name)}
    if woken or not any("holdover" in name for name in after):
        failed += 1
        print(f"FAILED  nothing wakes up in {seconds} idle seconds\n     woken: {woken} of {sorted(after)}")
    else:
        passed += 1
        print(f"ok      nothing wakes up in {seconds} idle seconds, in {len(after)} threads")


def main():
    env = ["-e", "COLORTERM=truecolor"]
    for name in ("HOLDOVER_BIN", "HOLDOVER_DATA_DIR", "CARGO_HOME", "npm_config_cache", "RUSTUP_HOME", "HOME", "PATH"):
        if name in os.environ:
            env += ["-e", f"{name}={os.environ[name]}"]
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        env += ["-e", f"{name}={os.environ[name]}"]
    os.environ["LC_ALL"] = "C.UTF-8"
    start = [
        NVIM, "--clean", "--cmd", f"set rtp^={PLUGIN} background={THEME} termguicolors",
        "-u", os.path.join(HERE, "terminal.lua"), "Cargo.lock",
    ]  # fmt: skip
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    tmux("new-session", "-d", "-s", "t", *size, "-c", WORKSPACE, *env, "-e", "LC_ALL=C.UTF-8", *start)
    try:
        tmux("set", "-g", "default-terminal", "tmux-256color")
        tmux("set", "-g", "status", "off")
        main_job()
        conflict()
        health()
        if THEME == "dark":
            idle(int(os.environ.get("HOLDOVER_IDLE", "5")))
    finally:
        subprocess.run(["tmux", "-L", SOCKET, "kill-server"], check=False, capture_output=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


main()
