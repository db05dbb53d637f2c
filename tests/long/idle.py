#!/usr/bin/env python3
"""Counts how often a language server wakes while nothing happens: every thread's context switches over some time.

    idle.py [--seconds 60] [--workspace FOLDER] [--settle 10] -- holdover lsp

The server is brought up with one workspace, left alone until it has settled, and then watched. Prints one JSON object:
voluntary and other context switches by thread, clock ticks of CPU time, and resident memory. Exit code 1 where any thread
woke. Needs only Python 3.9+ and Linux.
"""
import argparse, json, os, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lsp_bench import Server  # noqa: E402


def threads(pid):
    """By thread id: name, voluntary switches, other switches."""
    found = {}
    for task in os.listdir(f'/proc/{pid}/task'):
        fields = dict(line.split(':', 1) for line in open(f'/proc/{pid}/task/{task}/status') if ':' in line)
        found[task] = (fields['Name'].strip(), int(fields['voluntary_ctxt_switches']), int(fields['nonvoluntary_ctxt_switches']))
    return found


def ticks(pid):
    """Clock ticks of CPU time, user and system."""
    fields = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()
    return int(fields[11]) + int(fields[12])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--seconds', type=float, default=60)
    ap.add_argument('--settle', type=float, default=10)
    ap.add_argument('--workspace')
    ap.add_argument('cmd', nargs='+')
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        root = os.path.abspath(a.workspace or empty)
        server = Server(a.cmd, root)
        server.initialize(root)
        time.sleep(a.settle)
        pid = server.proc.pid
        before, cpu = threads(pid), ticks(pid)
        time.sleep(a.seconds)
        after, cpu = threads(pid), ticks(pid) - cpu
        woke = {}
        for task, (name, voluntary, other) in after.items():
            was = before.get(task, (name, 0, 0))
            if (voluntary, other) != was[1:]:
                woke[f'{name} {task}'] = {'voluntary': voluntary - was[1], 'other': other - was[2]}
        print(json.dumps({
            'cmd': a.cmd, 'seconds': a.seconds, 'threads': sorted(name for name, *_ in after.values()),
            'gone': len(before.keys() - after.keys()), 'woke': woke, 'cpu_ticks': cpu, 'rss_mib': round(server.rss_mib(), 2)}))
        server.stop()
    return 1 if woke else 0


if __name__ == '__main__':
    sys.exit(main())
