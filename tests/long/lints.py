#!/usr/bin/env python3
"""Files that the lints read, taken out of unpacked packages of others: `lints.py SOURCES... DEST`.

Each content once, chosen by a fixed seed, at most so many of a kind; every second one goes to DEST/aside, which is for judging
and not for looking at, the others to DEST/open. Writes below DEST alone.
"""

import hashlib
import os
import random
import shutil
import sys

MOST = {"workflow": 40, "script": 30, "build.rs": 25, "Makefile": 20, "package.json": 20, "Dockerfile": 15, "other": 30}
OTHERS = {"justfile", ".pre-commit-config.yaml", "pyproject.toml", "requirements.txt", "docker-compose.yml", "compose.yaml"}
LARGEST = 200_000


def kind(path):
    name = os.path.basename(path)
    if "/.github/workflows/" in path:
        return "workflow"
    if name.endswith(".sh"):
        return "script"
    if name in MOST:
        return name
    return "other" if name in OTHERS else None


def main(sources, dest):
    found = {}
    for source in sources:
        for folder, _, names in os.walk(source):
            for name in names:
                path = os.path.join(folder, name)
                which = kind(path)
                if which is None or os.path.islink(path) or os.path.getsize(path) > LARGEST:
                    continue
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                found.setdefault(which, {}).setdefault(digest, path)
    random.seed(20261122)
    for which, files in sorted(found.items()):
        chosen = sorted(files.items())
        random.shuffle(chosen)
        for at, (digest, path) in enumerate(chosen[: MOST[which]]):
            folder = os.path.join(dest, "aside" if at % 2 else "open", digest[:10])
            if which == "workflow":
                folder = os.path.join(folder, ".github/workflows")
            os.makedirs(folder, exist_ok=True)
            shutil.copy(path, folder)
        print(f"{which}: {min(len(chosen), MOST[which])} of {len(chosen)}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:-1], sys.argv[-1])
