#!/usr/bin/env python3
"""How often suggested merges are right: replays releases into cases (fixtures/conflicts/replay.py), asks for a merge of each, and
prints the tables of docs/conflicts.md. The half set aside is for judging once strategies are done; nothing of its cases is shown.

usage: conflicts.py open|aside|second|third DEST [MEASURE]     DEST: where cases are, or are put; MEASURE: the built example `measure`
`second` and `third` are further parts set aside: other packages (packages-second.tsv, packages-third.tsv), all of them."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("open", "aside", "second", "third"):
        sys.exit(__doc__)
    half, dest = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    replay = [sys.executable, ROOT / "fixtures/conflicts/replay.py", dest]
    if half in ("second", "third"):
        dest = replay[-1] = dest / half
        replay.append(f"packages-{half}.tsv")
    subprocess.run(replay, check=True, stdout=subprocess.DEVNULL)
    measure = sys.argv[3:] or ["cargo", "run", "--quiet", "--release", "--locked", "-p", "holdover-merge", "--example", "measure", "--"]
    command = [*measure, "second" if half == "third" else half, str(ROOT / "fixtures/conflicts"), str(dest / "cases")]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    total = dict.fromkeys(("cases", "exact", "wrong", "preview_exact", "preview_wrong", "left"), 0)
    solvable = dict(total)
    print("| cases | | one click: exact | wrong | to look at: exact | not | nothing |\n|---|---|---|---|---|---|---|")
    row = lambda name, of: print(f"| {name} |", " | ".join(str(of[key]) for key in total), "|")  # noqa: E731
    for kind, counts in report["kinds"].items():
        row(kind, counts)
        for key in total:
            total[key] += counts[key]
            solvable[key] += 0 if kind.endswith("for a person") else counts[key]
    row("all", total)
    print("\n| strategy | merges | one click: exact | wrong | to look at: exact | not |\n|---|---|---|---|---|---|")
    for name, counts in report["strategies"].items():
        print(f"| {name} |", " | ".join(str(counts[key]) for key in list(total)[:5]), "|")
    clicks = total["exact"] + total["wrong"]
    person = total["cases"] - solvable["cases"]
    offered = total["wrong"] - solvable["wrong"]
    share = lambda part, whole: f"{part} of {whole}, {100 * part / max(whole, 1):.1f} %"  # noqa: E731
    print(f"\none click exact: {share(total['exact'], clicks)}")
    print(f"solvable solved with one click: {share(solvable['exact'], solvable['cases'])}")
    print(f"solvable solved with one click or after a look: {share(solvable['exact'] + solvable['preview_exact'], solvable['cases'])}")
    print(f"one click offered where a person must decide: {share(offered, person)}")


main()
