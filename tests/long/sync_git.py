#!/usr/bin/env python3
"""What a synchronisation over git costs beside git itself: nothing new against a bare `git fetch`, one new note against a bare
`git push`, each as a whole process, turn about in one run, over a repository at a path and over git's own daemon. Prints medians,
quartiles and ratios.

usage: tests/long/sync_git.py HOLDOVER [RUNS]
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(command, folder, env, good=(0,)):
    begun = time.perf_counter()
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    took = (time.perf_counter() - begun) * 1000
    if ended.returncode not in good:
        sys.exit(f"{command}: {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return took, ended.stdout


def quiet(base):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "HOLDOVER_"))}
    return keep | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **base}


def daemon(folder):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    path = subprocess.run(["git", "--exec-path"], capture_output=True, text=True).stdout.strip()
    arguments = ["--reuseaddr", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1", f"--port={port}"]
    server = subprocess.Popen(
        [f"{path}/git-daemon", *arguments, f"--base-path={folder}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server, f"git://127.0.0.1:{port}/ferry.git"
        except OSError:
            time.sleep(0.02)
    sys.exit("git's daemon does not listen")


def told(what, ours, theirs):
    def line(name, times):
        low, middle, high = statistics.quantiles(times, n=4)
        print(f"  {name:<22} {middle:7.1f} ms   ({low:.1f} to {high:.1f})")
        return middle

    print(what)
    print(f"  ratio {line('holdover sync', ours) / line('git', theirs):.2f}   least: {min(ours) / min(theirs):.2f}")


def measure(holdover, where, url, base, runs):
    env = quiet({"HOLDOVER_DATA_DIR": f"{base}/data", "HOLDOVER_CONFIG": f"{base}/none.toml"})
    project, clone = base / "project", base / "clone"
    project.mkdir()
    (project / "holdover.toml").write_text('[workspace]\nproject = "ferry"\n')
    for command in (["trust"], ["device", "init", "--name", "desk", "--person", "Ann"], ["offline", "off"]):
        run([holdover, *command], project, env)
    run([holdover, "remote", "add", "team", url], project, env)
    run(["git", "clone", "-q", url, str(clone)], base, env)
    refs = "+refs/holdover/v1/*:refs/holdover/v1/*"
    run(["git", "config", "remote.origin.fetch", refs], clone, env)
    write = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "x" * 400]
    push = ["git", "push", "-q", "origin", "HEAD:refs/bare/v1/x"]
    idle, fetch, urgent, bare = [], [], [], []
    for n in range(runs + 3):
        run([holdover, "note", "add", "-m", f"note {n}", "--shared"], project, env)
        one = run([holdover, "sync"], project, env)[0]
        run(write, clone, env)
        two = run(push, clone, env)[0]
        run([holdover, "sync"], project, env)
        run(["git", "fetch", "-q"], clone, env)
        three = run([holdover, "sync"], project, env)[0]
        four = run(["git", "fetch", "-q"], clone, env)[0]
        # The first ones warm what is cached.
        if n >= 3:
            for times, took in zip((urgent, bare, idle, fetch), (one, two, three, four)):
                times.append(took)
    # What a push of ours needs at least: to know what is there, and to put it there.
    both = [a + b for a, b in zip(fetch, bare)]
    told(f"nothing new, {where}: against git fetch", idle, fetch)
    told(f"one new note, {where}: against git push", urgent, bare)
    told(f"one new note, {where}: against git fetch and git push", urgent, both)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip().splitlines()[-1])
    holdover, runs = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) == 3 else 40
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        load = os.getloadavg()[0]
        print(f"{subprocess.run(['git', '--version'], capture_output=True, text=True).stdout.strip()}, {runs} runs, load {load:.1f}")
        for where in ("at a path", "over git's daemon"):
            base = folder / where.split()[-1].replace("'", "")
            base.mkdir()
            run(["git", "init", "-q", "--bare", str(base / "ferry.git")], base, quiet({}))
            server, url = (None, str(base / "ferry.git")) if where == "at a path" else daemon(base)
            try:
                measure(holdover, where, url, base, runs)
            finally:
                if server:
                    server.terminate()


main()
