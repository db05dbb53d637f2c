#!/usr/bin/env python3
"""A large journal: how a server starts with it and what memory it holds, and how long a search, a log and a verification take.

usage: million.py BINARY FILL [EVENTS] [--times N] [--keep FOLDER]
BINARY is holdover, FILL the example `fill` of the journal's crate, both built for release; EVENTS is 1000000. With --keep the
journal is made in FOLDER if it is not there, and stays. Prints one JSON object: milliseconds (p50, p99), MiB, counts.
Exit code 1 where something is over what is to be reached: 5 ms to `initialize`, 40 MiB, 20 ms for a search beside an empty command.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lsp_bench import Server  # noqa: E402


def percentiles(times):
    times = sorted(times)
    return {'p50': round(times[(len(times) - 1) // 2], 2), 'p99': round(times[(len(times) - 1) * 99 // 100], 2)}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('binary')
    ap.add_argument('fill')
    ap.add_argument('events', nargs='?', type=int, default=1_000_000)
    ap.add_argument('--times', type=int, default=100)
    ap.add_argument('--keep')
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = os.path.abspath(a.keep or os.path.join(scratch, 'data'))
        os.environ.update(HOLDOVER_DATA_DIR=data, HOLDOVER_CONFIG=os.path.join(scratch, 'none.toml'))
        root = os.path.realpath(os.path.join(scratch, 'workspace'))
        os.mkdir(root)
        if not os.path.exists(os.path.join(data, 'journal.db')):
            print(subprocess.run([a.fill, data, str(a.events)], check=True, capture_output=True, text=True).stdout, end='', file=sys.stderr)
        binary = os.path.abspath(a.binary)

        def run(*arguments, times=a.times):
            took = []
            for _ in range(times):
                begun = time.perf_counter()
                ended = subprocess.run([binary, *arguments], cwd=root, capture_output=True, text=True, check=False)
                took.append((time.perf_counter() - begun) * 1000)
                if ended.returncode not in (0, 1):
                    sys.exit(f'{arguments}: {ended.returncode}\n{ended.stderr}')
            return percentiles(took), ended.stdout

        starts, rss = [], []
        for _ in range(a.times):
            server = Server([binary, 'lsp'], root)
            answer = server.request('initialize', {'processId': os.getpid(), 'rootUri': f'file://{root}', 'capabilities': {}})[1]
            # From the start of the process on, as an editor waits for it.
            starts.append((time.perf_counter() - server.spawned) * 1000)
            assert answer['result']['capabilities']
            server.notify('initialized', {})
            # The journal is open and was counted when the status says how many events there are.
            for _ in range(200):
                status = server.request('holdover/status', {})[1]['result']
                if status['journal']['events']:
                    break
                time.sleep(0.02)
            assert status['journal']['events'] >= a.events, status['journal']
            rss.append(server.rss_mib())
            server.stop()
        empty, _ = run('--version')
        found = {'events': status['journal']['events'], 'journal_mib': round(os.path.getsize(os.path.join(data, 'journal.db')) / 2**20, 1),
                 'initialize_ms': percentiles(starts), 'server_rss_mib': round(max(rss), 1), 'empty_command_ms': empty}
        searches = {'one of ten thousand': ['lighthouse'], 'a common word': ['ferry'], 'two words': ['lease', 'token'], 'none': ['nowhere']}
        for name, words in searches.items():
            took, said = run('journal', 'search', *words, '--json')
            found[f'search, {name}'] = {**took, 'lines': len(said.splitlines())}
        found['log, the last 50'], _ = run('journal', 'log', '-n', '50', '--json')
        known = run('journal', '--help', times=1)[1]
        found['verify'] = run('journal', 'verify', times=3)[0] if '\n  verify' in known else 'not in this version'
        print(json.dumps(found, indent=2))
        slow = [name for name in found if name.startswith('search') and found[name]['p50'] - empty['p50'] > 20]
        if found['initialize_ms']['p50'] > 5 or found['server_rss_mib'] > 40 or slow:
            sys.exit(f'over what is to be reached: {slow or found["initialize_ms"]}, {found["server_rss_mib"]} MiB')


if __name__ == '__main__':
    main()
