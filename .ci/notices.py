"""Writes the licences of everything that is linked into the program and bundled into the extension, to stdout.

Usage: notices.py TARGET. Reads cargo's own list for that target and the extension's node_modules; fetches nothing. What
comes without the text of its licence is named on stderr.
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def texts(folder: pathlib.Path, depth: int) -> list[pathlib.Path]:
    """Files that carry a licence, at most `depth` folders below."""
    wanted = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE", "COPYRIGHT")
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and depth > 0:
            found += texts(path, depth - 1)
        elif path.is_file() and path.name.upper().startswith(wanted) and path.suffix in ("", ".txt", ".md"):
            found.append(path)
    return found


def crates(target: str, package: str, workspace: pathlib.Path):
    """Name, version, licence and folder of every crate that is linked, and of those whose C code is."""
    tree = ["cargo", "tree", "--locked", "--offline", "--target", target, "-e", "normal,build", "-p", package]
    listed = subprocess.run([*tree, "--prefix", "none", "-f", "{p}"], check=True, capture_output=True, text=True, cwd=workspace)
    wanted = {tuple(line.split()[:2]) for line in listed.stdout.splitlines() if line}
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=workspace).stdout)
    for package in metadata["packages"]:
        others = package["source"] or "/vendored/" in package["manifest_path"]
        if others and (package["name"], "v" + package["version"]) in wanted:
            folder = pathlib.Path(package["manifest_path"]).parent
            yield package["name"], package["version"], package["license"], folder


def modules():
    """The same of what the extension's bundle holds."""
    lock = json.loads((ROOT / "vscode-extension/package-lock.json").read_text(encoding="utf-8"))
    for path, entry in lock["packages"].items():
        if path and not entry.get("dev"):
            yield path.rpartition("node_modules/")[2], entry["version"], entry.get("license"), ROOT / "vscode-extension" / path


def main() -> None:
    target = sys.argv[1]
    linked = {*crates(target, "holdover", ROOT), *crates(target, "holdover-model", ROOT / "server/model")}
    packages = sorted([*linked, *modules()], key=lambda package: package[:2])
    print("Holdover is MIT or Apache-2.0. It contains what is listed here, each under its own terms; the texts follow.\n")
    by_text, lacking = {}, []
    for name, version, licence, folder in packages:
        print(f"{name} {version}: {licence}")
        files = texts(folder, 1)
        if not files:
            lacking.append(f"{name} {version}")
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace").strip()
            # Most carry the same text, broken into lines in their own way.
            entry = by_text.setdefault(" ".join(text.split()), (text, []))
            entry[1].append(f"{name} {version} ({file.relative_to(folder)})")
    for text, users in by_text.values():
        print(f"\n{'=' * 100}\n{', '.join(users)}\n{'=' * 100}\n\n{text}")
    print(f"notices: without a text: {', '.join(lacking) or 'none'}", file=sys.stderr)


main()
