#!/usr/bin/env python3
"""Readiness as a user waits for it: whole processes of `holdover preflight`, wall clock.

usage: whole.py BINARY PROJECT [TIMES]
PROJECT is what fixtures/generate/large.sh made: workspace, cargo-home and npm-cache. Each round begins with a new data
folder ("first") and looks twice more ("remembered"); "empty" is a command that looks at nothing.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    binary, project = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    times = int(sys.argv[3]) if len(sys.argv) == 4 else 15
    scratch = tempfile.mkdtemp()
    data = os.path.join(scratch, 'data')
    env = {
        **os.environ,
        'CARGO_HOME': os.path.join(project, 'cargo-home'),
        'npm_config_cache': os.path.join(project, 'npm-cache'),
        'HOLDOVER_DATA_DIR': data,
        'HOLDOVER_CONFIG': os.path.join(scratch, 'none.toml'),
    }

    def run(*arguments):
        begun = time.perf_counter()
        ended = subprocess.run([binary, *arguments], cwd=os.path.join(project, 'workspace'), env=env,
                               capture_output=True, text=True, check=False)
        took = (time.perf_counter() - begun) * 1000
        if ended.returncode not in (0, 1):
            sys.exit(f'{arguments}: {ended.returncode}\n{ended.stderr}')
        return took

    figures = {'first': [], 'remembered': [], 'empty': []}
    for _ in range(times):
        shutil.rmtree(data, ignore_errors=True)
        figures['first'].append(run('preflight'))
        figures['remembered'] += [run('preflight'), run('preflight')]
        figures['empty'].append(run('completions', 'bash'))
    shutil.rmtree(scratch)
    for name, taken in figures.items():
        print(f'{name}: min {min(taken):.1f} ms, median {statistics.median(taken):.1f}, max {max(taken):.1f} ({len(taken)} runs)')
    print('load', os.getloadavg()[0])


if __name__ == '__main__':
    main()
