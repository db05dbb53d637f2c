#!/usr/bin/env python3
"""Damages real projects at random and compares what a survey says with what the ecosystem's own tool does offline.

    cargo build -p holdover-inventory --example survey
    tests/long/judge_fuzz.py --survey target/debug/examples/survey --seed 1 --cases 200 FOLDER...

A FOLDER holds `workspace` and `cargo-home` or `npm-cache`, whole, or below `kept` a `workspace` with a `store` (pnpm) or a
`cache` (uv, Go, Yarn 1), and `programs`: the judge tests make such in their cache folder (`judge-*`). Nothing whole in it is written to; of
pnpm's, uv's, Go's and Yarn's, `run` is, because what they keep holds the addresses of folders. The same seed gives the same cases. May run
cargo, npm, pnpm, uv, Go and Yarn, offline only. Prints each difference, then the counts; leaves with 1 where something was called ready that the tool refused.
"""
import argparse, collections, fcntl, glob, hashlib, json, os, random, re, shutil, sqlite3, subprocess, sys, tempfile, time, zipfile, zlib

HOST = next(l[6:] for l in subprocess.run(["rustc", "-vV"], capture_output=True, text=True).stdout.splitlines() if l.startswith("host: "))


def put(path, data):
    """Writes a new file: the old one may be shared with the original."""
    if os.path.lexists(path):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def get(path):
    with open(path, "rb") as file:
        return file.read()


def below(folder, pick=lambda path: True):
    found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if pick(path))


class Case:
    def __init__(self, source, folder, dice):
        self.dice, self.folder, self.done, self.edited, self.silent, self.damaged, self.at = dice, folder, [], False, [], [], source
        if os.path.exists(f"{source}/kept"):
            self.again()
            return
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for part in ("workspace", "cargo-home", "npm-cache"):
            if os.path.exists(f"{source}/{part}"):
                subprocess.run(["cp", "-al", f"{source}/{part}", folder], check=True)
        index = f"{folder}/npm-cache/_cacache/index-v5"  # npm writes into it in place
        if os.path.exists(index):
            shutil.rmtree(index)
            subprocess.run(["cp", "-a", f"{source}/npm-cache/_cacache/index-v5", index], check=True)
        self.work = f"{folder}/workspace"

    def again(self, parts=("workspace", "store", "cache", "mirror")):
        """Lays whole copies down where the tools know them."""
        self.folder = f"{self.at}/run"
        os.makedirs(self.folder, exist_ok=True)
        for part in parts:
            if os.path.exists(f"{self.at}/kept/{part}"):
                shutil.rmtree(f"{self.folder}/{part}", ignore_errors=True)
                subprocess.run(["cp", "-al", f"{self.at}/kept/{part}", f"{self.folder}/{part}"], check=True)
        for database in glob.glob(f"{self.folder}/store/v11/index.db"):  # pnpm writes into it in place
            put(database, get(database))
        self.work = f"{self.folder}/workspace"
        if os.path.exists(f"{self.at}/kept/cache/cache/download"):  # Go writes into these in place
            own = (".ziphash", "/go.mod", "/go.sum", "/go.work", "/go.work.sum", "/list")
            for path in below(self.work) + below(f"{self.folder}/cache/cache"):
                if path.endswith(own):
                    put(path, get(path))

    def file(self, path, crate=False):
        """Damages one file of a cache."""
        kinds = ["gone", "empty", "cut", "flip", "garbage"]
        # npm adds to its index while it installs, and fails where it may not: that is no question of what is here.
        what = self.dice.choice(kinds if "/index-v5/" in path else [*kinds, "folder", "dangling"])
        data = get(path) if os.path.isfile(path) else b""
        if what in ("gone", "folder", "dangling"):
            if os.path.lexists(path) and not os.path.isdir(path):
                os.remove(path)
            if what == "folder":
                os.makedirs(path, exist_ok=True)
            if what == "dangling" and not os.path.lexists(path):
                os.symlink("/nowhere/at/all", path)
        elif what == "empty":
            put(path, b"")
        elif what == "cut":
            put(path, data[: self.dice.randrange(len(data) + 1)])
        elif what == "garbage":
            put(path, b"garbage that is none")
        elif data:
            at = self.dice.randrange(len(data))
            put(path, data[:at] + bytes([data[at] ^ self.dice.choice([1, 2, 16, 0x55])]) + data[at + 1 :])
        if crate and what in ("cut", "flip", "garbage", "folder"):
            self.silent.append(path)
        self.done.append(f"{what} {os.path.basename(path)[:30]}")

    def text(self, path):
        """Edits a text of the project line by line."""
        lines = get(path).decode().splitlines(keepends=True)
        at = self.dice.randrange(len(lines))
        what = self.dice.choice(["delete", "twice", "swap", "letter", "cut", "conflict", "crlf", "blank"])
        if what == "delete":
            del lines[at]
        elif what == "twice":
            lines.insert(at, lines[at])
        elif what == "swap":
            other = self.dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif what == "letter" and lines[at].strip():
            spot = self.dice.randrange(len(lines[at]))
            lines[at] = lines[at][:spot] + self.dice.choice('abz019."-{}[]=, ') + lines[at][spot + 1 :]
        elif what == "cut":
            del lines[at:]
        elif what == "conflict":
            lines[at] = f"<<<<<<< HEAD\n{lines[at]}=======\n{lines[at]}>>>>>>> other\n"
        elif what == "crlf":
            lines = [line.replace("\n", "\r\n") for line in lines]
        elif what == "blank":
            lines.insert(at, "\n")
        put(path, "".join(lines).encode())
        self.edited = True
        self.done.append(f"{what} line {at + 1} of {os.path.relpath(path, self.work)}")


def cargo_case(case):
    home, dice = f"{case.folder}/cargo-home/registry", case.dice
    crates = below(f"{home}/cache", lambda path: path.endswith(".crate"))
    entries = below(f"{home}/index", lambda path: "/.cache/" in path)
    manifests = below(case.work, lambda path: path.endswith("Cargo.toml"))
    for _ in range(dice.choice([0, 1, 1, 2])):
        kind = dice.choice(["crate"] * 4 + ["entry"] * 4 + ["config", "source", "mark"])
        if kind == "crate":
            case.file(dice.choice(crates), crate=True)
        elif kind == "entry":
            case.file(dice.choice(entries))
        elif kind == "config":
            case.file(glob.glob(f"{home}/index/*")[0] + "/config.json")
        else:
            folder = dice.choice(sorted(glob.glob(f"{home}/src/*/*")))
            shutil.rmtree(folder) if kind == "source" else os.remove(f"{folder}/.cargo-ok")
            case.done.append(f"{kind} of {os.path.basename(folder)}")
    if not case.silent and dice.random() < 0.6:
        case.text(dice.choice([f"{case.work}/Cargo.lock"] * 2 + manifests))


def npm_case(case):
    cache, dice = f"{case.folder}/npm-cache/_cacache", case.dice
    contents, records = below(f"{cache}/content-v2"), below(f"{cache}/index-v5")
    for _ in range(dice.choice([0, 1, 1, 2])):
        case.file(dice.choice(contents if dice.random() < 0.6 else records))
    manifests = below(case.work, lambda path: path.endswith("package.json") and "node_modules" not in path)
    if dice.random() < 0.5:
        case.text(dice.choice([f"{case.work}/package-lock.json"] * 2 + manifests))
    elif dice.random() < 0.3:
        lock = json.loads(get(f"{case.work}/package-lock.json"))
        path = dice.choice([path for path in lock["packages"] if path])
        entry = lock["packages"][path]
        key = dice.choice([None, *entry])
        if key is None:
            del lock["packages"][path]
        else:
            del entry[key]
        put(f"{case.work}/package-lock.json", json.dumps(lock, indent=2).encode() + b"\n")
        case.edited = True
        case.done.append(f"without {key or 'the entry'} of {path}")


def pnpm_case(case):
    store, dice = f"{case.folder}/store", case.dice
    stored, lists = below(f"{store}/v1*/files".replace("v1*", "v11" if os.path.exists(f"{store}/v11") else "v10")), below(f"{store}/v10/index")
    for _ in range(dice.choice([0, 1, 1, 2])):
        if lists and dice.random() < 0.5:
            case.file(dice.choice(lists))
        elif not lists and dice.random() < 0.5:
            database = sqlite3.connect(f"{store}/v11/index.db")
            keys = sorted(key for key, in database.execute("SELECT key FROM package_index"))
            key, what = dice.choice(keys), dice.choice(["gone", "cut", "garbage", "another's"])
            data, = database.execute("SELECT data FROM package_index WHERE key = ?", (key,)).fetchone()
            other, = database.execute("SELECT data FROM package_index WHERE key = ?", (dice.choice(keys),)).fetchone()
            if what == "gone":
                database.execute("DELETE FROM package_index WHERE key = ?", (key,))
            else:
                data = {"cut": data[: dice.randrange(len(data))], "garbage": bytes(dice.randrange(256) for _ in range(40)), "another's": other}[what]
                database.execute("UPDATE package_index SET data = ? WHERE key = ?", (data, key))
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
            case.done.append(f"row {what} {key.split(chr(9))[1]}")
        else:
            case.file(dice.choice(stored))
    manifests = below(case.work, lambda path: path.endswith("package.json") or path.endswith("workspace.yaml"))
    if dice.random() < 0.5:
        # Newer ones check a lockfile first that they do not know: that is known to be unknown.
        case.text(dice.choice(([f"{case.work}/pnpm-lock.yaml"] * 2 if lists else []) + manifests))


def uv_case(case):
    cache, dice = f"{case.folder}/cache", case.dice
    pointers = below(cache, lambda path: path.endswith((".http", ".rev")))
    archived = below(f"{cache}/archive-v0")
    for _ in range(dice.choice([0, 1, 1, 2])):
        kind = dice.random()
        if kind < 0.5:
            case.file(dice.choice(pointers))
        elif kind < 0.75:
            path = dice.choice(archived)
            case.file(path)
            case.silent.append(path.split("/archive-v0/")[1].split("/")[0])
        else:
            folder = dice.choice(sorted(os.listdir(f"{cache}/archive-v0")))
            shutil.rmtree(f"{cache}/archive-v0/{folder}", ignore_errors=True)
            case.done.append(f"archive {folder} gone")
    if dice.random() < 0.5:
        case.text(dice.choice([f"{case.work}/uv.lock"] * 2 + below(case.work, lambda path: path.endswith("pyproject.toml"))))


def go_case(case):
    dice, downloads = case.dice, f"{case.folder}/cache/cache/download"
    kept = below(downloads, lambda path: path.endswith((".zip", ".mod", ".info", ".ziphash")))
    for _ in range(dice.choice([0, 1, 1, 2])):
        path = dice.choice(kept)
        case.file(path)
        case.silent.append(path)
    if dice.random() < 0.5:
        case.text(dice.choice([path for path in (f"{case.work}/go.mod", f"{case.work}/go.sum", f"{case.work}/go.work") if os.path.exists(path)]))


def yarn_case(case):
    dice = case.dice
    # The archive beside what is unpacked is needed by nobody, as long as that is whole.
    cached = below(f"{case.folder}/cache", lambda path: "/.bin/" not in path and not path.endswith(".yarn-tarball.tgz"))
    kept = below(f"{case.folder}/mirror")
    for _ in range(dice.choice([0, 1, 1, 2])):
        path = dice.choice(kept or cached)
        case.file(path)
        case.damaged.append(path)
    if dice.random() < 0.5:
        manifests = below(case.work, lambda path: path.endswith("package.json") and "node_modules" not in path)
        case.text(dice.choice([f"{case.work}/yarn.lock"] * 2 + manifests))


def pip_case(case):
    """Wheels, with checksums or without, or an environment in which all of it is installed."""
    dice, kept = case.dice, f"{case.at}/kept"
    kind = dice.choice(["wheels", "hashed", "installed"])
    if kind == "hashed":
        put(f"{case.work}/requirements.txt", get(f"{kept}/workspace/hashed.txt"))
    if kind == "installed":
        shutil.rmtree(f"{case.work}/wheels")
        subprocess.run(["cp", "-al", f"{kept}/full", f"{case.work}/.venv"], check=True)
        listed_case(case)
    else:
        for _ in range(dice.choice([0, 1, 1, 2])):
            case.file(dice.choice(below(f"{case.work}/wheels")))
    if dice.random() < 0.5:
        case.text(dice.choice([f"{case.work}/requirements.txt"] * 2 + below(case.work, lambda path: path.endswith(("more.txt", "bounds.txt")))))


def listed_case(case):
    """Files in an environment that a list vouches for: what is damaged there is taken all the same."""
    dice = case.dice
    site = glob.glob(f"{case.work}/.venv/lib/python3*/site-packages")[0]
    owners = {}
    for record in glob.glob(f"{site}/*.dist-info/RECORD"):
        for line in get(record).decode().splitlines():
            if ",sha256=" in line and not line.startswith(".."):
                owners[f"{site}/{line.split(',')[0]}"] = record
    for _ in range(dice.choice([0, 1, 1, 2])):
        path = dice.choice(sorted(owners))
        before = get(path) if os.path.isfile(path) else None
        if before is None:
            continue
        case.file(path)
        if not os.path.isfile(path) or get(path) != before:
            case.silent.append(path)


def poetry_case(case):
    shutil.rmtree(f"{case.at}/cache", ignore_errors=True)
    if case.dice.random() < 0.15:
        shutil.rmtree(f"{case.work}/.venv")
        case.done.append("no environment")
    else:
        listed_case(case)
    if case.dice.random() < 0.4:
        case.text(case.dice.choice([f"{case.work}/poetry.lock", f"{case.work}/pyproject.toml"]))


def run(command, folder, **more):
    environment = dict(os.environ, **more)
    if "HOLDOVER_FUZZ_ONLY" in more:
        foreign = ("npm_", "NPM_", "pnpm_", "PNPM_", "XDG_", "NODE", "COREPACK", "YARN_", "yarn_", "UV_", "PYENV", "PYTHON", "VIRTUAL_ENV", "CONDA", "GO", "CGO", "PIP_", "POETRY_")
        environment = {name: value for name, value in environment.items() if name in more or not name.startswith(foreign)}
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")


def cargo_judge(case):
    command = ["cargo", "fetch", "--locked", "--offline", "--target", HOST]
    return run(command, case.work, CARGO_HOME=f"{case.folder}/cargo-home")


def npm_judge(case):
    command = ["npm", "ci", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    return run(command, case.work, npm_config_cache=f"{case.folder}/npm-cache", npm_config_update_notifier="false")


def places(case):
    """The environment of tool and survey: nothing of this user's own."""
    own = dict(HOLDOVER_FUZZ_ONLY="1", PATH=f"{case.at}/programs", HOME=f"{case.at}/home", PNPM_HOME=f"{case.at}/pnpm-home", UV_CACHE_DIR=f"{case.folder}/cache", POETRY_CACHE_DIR=f"{case.at}/cache")
    if os.path.exists(f"{case.at}/kept/cache/cache/download"):
        own |= dict(GOMODCACHE=f"{case.folder}/cache", GOPROXY="off", GOFLAGS="-modcacherw", GOSUMDB="off", CGO_ENABLED="0")
    if os.path.exists(f"{case.work}/yarn.lock"):
        own["XDG_CACHE_HOME"] = f"{case.folder}/cache"
    own["pnpm_config_store_dir" if os.path.exists(f"{case.at}/kept/store/v11") else "npm_config_store_dir"] = f"{case.folder}/store"
    return own


def pnpm_judge(case):
    shutil.rmtree(f"{case.work}/node_modules", ignore_errors=True)
    return run([f"{case.at}/programs/pnpm", "install", "--offline", "--frozen-lockfile", "--ignore-scripts"], case.work, **places(case))


def uv_judge(case):
    shutil.rmtree(f"{case.work}/.venv", ignore_errors=True)
    return run([f"{case.at}/programs/uv", "sync", "--locked", "--offline"], case.work, **places(case))


def go_judge(case):
    """Its own two runs; `go mod verify` would leave out modules that stand in for others."""
    go = f"{case.at}/programs/go"
    noted = any(path.endswith(".ziphash") for path in case.silent)
    for words in (["list", "-deps", "-test", "./..."], ["mod", "download"], *([["mod", "verify"]] if noted else [])):
        told = run([go, *words], case.work, **places(case))
        if told.returncode:
            break
    return told


def yarn_judge(case):
    for folder in sorted({path[: path.index("/node_modules/")] for path in below(case.work) if "/node_modules/" in path}):
        shutil.rmtree(f"{folder}/node_modules", ignore_errors=True)
    return run([f"{case.at}/programs/yarn", "install", "--offline", "--frozen-lockfile", "--ignore-scripts", "--non-interactive"], case.work, **places(case))


def pinned(case):
    """Whether all that Yarn notes to have been asked for stands in the lockfile: it takes from its cache what does not."""
    try:
        asked = json.loads(get(f"{case.work}/node_modules/.yarn-integrity"))["lockfileEntries"]
    except (OSError, ValueError):
        return False
    heads = [line.rstrip(":\r") for line in get(f"{case.work}/yarn.lock").decode().split("\n") if re.match(r"[^\s#].*:\r?$", line)]
    return set(asked) <= {key.strip().strip('"') for head in heads for key in head.split(",")}


def go_sum(path):
    """The checksum of an archive as go.sum has it; none: it is no archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            lines = [f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n" for name in sorted(archive.namelist())]
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None
    return hashlib.sha256("".join(lines).encode()).digest()


def pip_judge(case):
    python = f"{case.work}/.venv/bin/python"
    if not os.path.exists(python):
        shutil.rmtree(f"{case.at}/run/fresh", ignore_errors=True)
        subprocess.run(["cp", "-al", f"{case.at}/kept/empty", f"{case.at}/run/fresh"], check=True)
        python = f"{case.at}/run/fresh/bin/python"
    own = dict(places(case), PYTHONPATH=f"{tools()}/pip", PYTHONDONTWRITEBYTECODE="1", PIP_NO_INDEX="1", PIP_RETRIES="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    return run([python, "-m", "pip", "install", "-q", "--no-compile", "-r", "requirements.txt"], case.work, **own)


def poetry_judge(case):
    without_waiting = "import sys, time; time.sleep = lambda seconds: None\nfrom poetry.console.application import main; sys.exit(main())"
    own = dict(places(case), PYTHONDONTWRITEBYTECODE="1", POETRY_KEYRING_ENABLED="false")
    return run([f"{tools()}/poetry/bin/python", "-c", without_waiting, "install", "--no-root", "--no-interaction", "--no-ansi", "--no-plugins"], case.work, **own)


def tools():
    """Where `tests/pip/install.sh` and `tests/poetry/install.sh` put theirs."""
    return os.path.abspath(os.environ.get("HOLDOVER_TOOLS", "target/tools"))


def installed(case):
    if os.path.exists(f"{case.at}/kept/workspace/yarn.lock"):
        skipped = ("/.bin/", "/.yarn-integrity")
        found = [path for path in below(case.work) if "/node_modules/" in path and not any(part in path for part in skipped)]
        return sorted((path[len(case.work) :], os.path.isfile(path) and hashlib.sha256(get(path)).hexdigest()) for path in found)
    if os.path.exists(f"{case.at}/kept"):
        base = f"{case.work}/node_modules/.pnpm"
        return sorted(path[len(base):] for path in below(base) if "/.bin/" not in path)
    try:
        return sorted(json.loads(get(f"{case.work}/node_modules/.package-lock.json"))["packages"])
    except (OSError, ValueError):
        return None


def python(source):
    return "pip" if os.path.exists(f"{source}/kept/empty") else "poetry" if os.path.exists(f"{source}/kept/workspace/poetry.lock") else None


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--survey", required=True)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--cases", type=int, default=100)
    ask.add_argument("--seconds", type=float, default=1e9)
    ask.add_argument("--only", type=int, help="run this case alone, and keep its folder")
    ask.add_argument("--show", action="store_true", help="print every case")
    ask.add_argument("folders", nargs="+")
    said = ask.parse_args()
    survey, begun = os.path.abspath(said.survey), time.time()
    counts = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(said.folders[0]))) as scratch:
        wanted, held = {}, []
        for source in said.folders:
            # Which crates the target needs, and what a whole install leaves: asked of the tools once.
            if os.path.exists(f"{source}/kept"):
                held.append(open(f"{source}/.lock", "w"))
                fcntl.flock(held[-1], fcntl.LOCK_EX)
            whole = Case(source, f"{scratch}/case", random.Random(0))
            if python(source):
                assert {"pip": pip_judge, "poetry": poetry_judge}[python(source)](whole).returncode == 0, source
                wanted[source] = set()
                continue
            if os.path.exists(f"{source}/kept/store"):
                assert pnpm_judge(whole).returncode == 0, source
                wanted[source] = installed(whole)
                continue
            if os.path.exists(f"{source}/kept/cache/cache/download"):
                assert go_judge(whole).returncode == 0, source
                continue
            if os.path.exists(f"{source}/kept/workspace/yarn.lock"):
                assert yarn_judge(whole).returncode == 0, source
                wanted[source] = installed(whole)
                continue
            if os.path.exists(f"{source}/kept/cache"):
                assert uv_judge(whole).returncode == 0, source
                wanted[source] = set()
                for archive in sorted(os.listdir(f"{whole.folder}/cache/archive-v0")):
                    os.rename(f"{whole.folder}/cache/archive-v0/{archive}", f"{whole.folder}/away")
                    if uv_judge(whole).returncode:
                        wanted[source].add(archive)
                    whole.again()
                    shutil.rmtree(f"{whole.folder}/away", ignore_errors=True)
                continue
            if os.path.exists(f"{source}/npm-cache"):
                npm_judge(whole)
                wanted[source] = installed(whole)
                continue
            needed = set()
            for crate in below(f"{whole.folder}/cargo-home/registry/cache"):
                os.rename(crate, crate + ".away")
                if cargo_judge(whole).returncode:
                    needed.add(os.path.basename(crate))
                os.rename(crate + ".away", crate)
            wanted[source] = needed
        for number in range(said.cases) if said.only is None else [said.only]:
            if time.time() - begun > said.seconds:
                break
            source = said.folders[number % len(said.folders)]
            case = Case(source, f"{scratch}/case", random.Random(f"{said.seed} {number}"))
            tool = python(source) or next(name for name, part in [("npm", "npm-cache"), ("cargo", "cargo-home"), ("pnpm", "kept/store"), ("yarn", "kept/workspace/yarn.lock"), ("go", "kept/cache/cache/download"), ("uv", "kept/cache")] if os.path.exists(f"{source}/{part}"))
            npm = tool == "npm"
            {"npm": npm_case, "cargo": cargo_case, "pnpm": pnpm_case, "uv": uv_case, "pip": pip_case, "poetry": poetry_case, "go": go_case, "yarn": yarn_case}[tool](case)
            where = {"npm": lambda: {"npm_config_cache": f"{case.folder}/npm-cache"}, "cargo": lambda: {"CARGO_HOME": f"{case.folder}/cargo-home"}}.get(tool, lambda: places(case))()
            told = run([survey, case.work], case.folder, **where)
            try:
                readiness = json.loads(told.stdout)["readiness"]
                state = readiness["state"]
            except (ValueError, KeyError):
                state, readiness = "crashed", {"ecosystems": [{"problem": told.stderr[-300:]}]}
            output = {"npm": npm_judge, "cargo": cargo_judge, "pnpm": pnpm_judge, "uv": uv_judge, "pip": pip_judge, "poetry": poetry_judge, "go": go_judge, "yarn": yarn_judge}[tool](case)
            lacks = ("no required module provides package", "is replaced but not required")
            if tool == "go" and any(words in output.stderr for words in lacks):
                continue  # whether sources import what go.mod lacks is believed, and Go refuses it with a network too
            passes = output.returncode == 0
            if npm and passes:
                # npm goes on without what is optional: the tree must be that of a whole cache.
                tree = installed(case)
                if case.edited and len(case.done) > 1:
                    shutil.rmtree(f"{case.folder}/npm-cache")
                    subprocess.run(["cp", "-a", f"{source}/npm-cache", case.folder], check=True)
                    npm_judge(case)
                    passes = tree == installed(case)
                elif not case.edited:
                    passes = tree == wanted[source]
            if tool == "pnpm" and passes:
                # It goes on without what is optional, too.
                tree = installed(case)
                if case.edited and len(case.done) > 1:
                    case.again(["store"])
                    pnpm_judge(case)
                    passes = tree == installed(case)
                elif not case.edited:
                    passes = tree == wanted[source]
            if tool == "yarn" and passes:
                # It copies what lies in its cache, whole or not: what is damaged there is damaged in the tree.
                passes = pinned(case)
                tree = installed(case)
                if passes and case.edited and case.damaged:
                    case.again(["cache", "mirror"])
                    yarn_judge(case)
                    passes = tree == installed(case)
                elif passes and not case.edited:
                    passes = tree == wanted[source]
            if tool == "uv" and any(archive in wanted[source] for archive in case.silent):
                passes = False  # uv installs what is damaged
            if tool == "go" and passes:
                # It does not look again into an archive that it unpacked.
                kept = f"{source}/kept/cache/"
                own = [path for path in case.silent if path.endswith(".zip")]
                passes = all(go_sum(path) == go_sum(kept + path[len(f"{case.folder}/cache/"):]) for path in own)
            if python(source) and case.silent:
                passes = False  # pip and Poetry take what is installed as it is
            if tool == "cargo" and any(os.path.basename(path) in wanted[source] for path in case.silent):
                passes = False  # cargo may not notice: the checksum differs all the same
            counts[tool][(state, passes)] += 1
            agree = (state, passes) in (("ready", True), ("incomplete", False))
            if said.show or not agree:
                problems = [one.get("problem") for one in readiness["ecosystems"]]
                said_by_tool = " ".join((output.stdout + output.stderr).split())[-300:]
                print(f"{'' if agree else 'DIFFERENCE '}{os.path.basename(source)} {said.seed} {number}: {state}, the tool {'passes' if passes else 'fails'}: {case.done} {problems} {said_by_tool}")
                sys.stdout.flush()
        if said.only is not None:
            shutil.rmtree("kept", ignore_errors=True)
            shutil.move(f"{scratch}/case", "kept")
    bad = 0
    for ecosystem, table in counts.items():
        got = lambda state, passes: table[(state, passes)]
        ready, passing, failing = (sum(n for key, n in table.items() if test(key)) for test in (lambda k: k[0] == "ready", lambda k: k[1], lambda k: not k[1]))
        bad += got("ready", False) + got("crashed", True) + got("crashed", False)
        share = lambda part, whole: f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")
        print(f"{ecosystem}: {sum(table.values())} cases with seed {said.seed}; of what is called ready the tool takes {share(got('ready', True), ready)}; "
              f"of what the tool takes is called ready {share(got('ready', True), passing)}, unknown {got('unknown', True)}, incomplete {got('incomplete', True)}; "
              f"of what it refuses is called incomplete {share(got('incomplete', False), failing)}, unknown {got('unknown', False)}, ready {got('ready', False)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
