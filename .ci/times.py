#!/usr/bin/env python3
"""Gives the files of a fresh clone the times that the same texts had at the last run, so that cargo, which goes by times,
builds anew what changed and nothing else.

usage: times.py FOLDER    what the last run left, and where this one's is kept

A file's time is given back only where its text is the one of that run; of a crate, only where none of its files that are
not Rust changed, because a macro may read them without telling cargo. All else gets the time of now. Nothing is given
back where anybody else built our crates in that folder since: `ended`, which the caller touches, is older then.
"""

import hashlib
import json
import os
import subprocess
import sys
import time


def git(*arguments):
    told = subprocess.run(["git", *arguments, "-z"], check=True, stdout=subprocess.PIPE).stdout
    return [line.decode("utf-8", "surrogateescape") for line in told.split(b"\0") if line]


def tracked():
    """Each file that is as git has it, with the hash of its text; `None` where it was edited."""
    edited = set(git("diff", "--name-only"))
    files = {}
    for line in git("ls-files", "--stage"):
        mark, path = line.split("\t", 1)
        if os.path.isfile(path) and not os.path.islink(path):
            files[path] = None if path in edited else mark.split(" ")[1]
    return files


def with_folders(files):
    """The folders too, each with the hash of all that is in it: build scripts look at their times."""
    below = {}
    for path, text in sorted(files.items()):
        folder = os.path.dirname(path)
        while folder:
            below.setdefault(folder, []).append((path, text))
            folder = os.path.dirname(folder)
    for folder, those in below.items():
        whole = all(text for _, text in those)
        files[folder] = hashlib.sha256(repr(those).encode("utf-8", "surrogateescape")).hexdigest() if whole else None
    return files


def crate(path, manifests):
    folder = os.path.dirname(path)
    while folder and folder not in manifests:
        folder = os.path.dirname(folder)
    return folder


def read_untold(path):
    """Whether a macro or a build script may read the file: sources and what lies among them."""
    return not path.endswith(".rs") and (not path.startswith("tests/") or path.startswith(("tests/src/", "tests/tests/")))


def foreign(kept):
    ended = os.path.join(kept, "ended")
    prints = os.path.join(kept, "target", "debug", ".fingerprint")
    if not os.path.exists(ended) or not os.path.isdir(prints):
        return True
    since = os.stat(ended).st_mtime_ns
    for name in os.listdir(prints):
        folder = os.path.join(prints, name)
        if name.startswith("holdover") and any(os.stat(os.path.join(folder, file)).st_mtime_ns > since for file in os.listdir(folder)):
            return True
    return False


def main(kept):
    files = tracked()
    manifests = {os.path.dirname(path) for path in files if os.path.basename(path) == "Cargo.toml"} - {""}
    files = with_folders(files)
    state = os.path.join(kept, "times.json")
    before = {}
    if not foreign(kept) and os.path.exists(state):
        with open(state, encoding="utf-8") as file:
            before = json.load(file)
    # The crates in which anything changed, came or went that is not Rust.
    touched = set()
    for path in files.keys() | before.keys():
        if os.path.isfile(path) or path not in files:
            then = before.get(path, [None])[0]
            if read_untold(path) and (files.get(path) is None or files[path] != then):
                touched.add(crate(path, manifests))
    now, given, after = time.time_ns(), 0, {}
    for path, text in files.items():
        then = before.get(path)
        same = text is not None and then is not None and then[0] == text and crate(path, manifests) not in touched - {""}
        when = then[1] if same else now
        os.utime(path, ns=(when, when))
        given += same
        if text is not None:
            after[path] = [text, when]
    with open(state + ".new", "w", encoding="utf-8") as file:
        json.dump(after, file)
    os.replace(state + ".new", state)
    print(f"times: {given} of {len(files)} files and folders are as they were at the last run")


main(sys.argv[1])
