#!/usr/bin/env python3
"""Measures where comments of a review are after its branch was written anew, on real histories: `anchors.py HOLDOVER CACHE [--look]`.

Releases of packages, fetched with pip as wheels (no program of theirs runs), are replayed as git. Of each three that follow each other the first
is the base, the second the branch that is reviewed, and the third what the branch is after it was pushed over. Comments are put, by a fixed seed,
on lines that the review's comparison shows, in files that the third release changed; a quarter of them on two to five lines. The language
server places them again, as an editor asks for it.

What is right is told without any code of Holdover's: lines that stand exactly once in the old file and exactly once in the new one are there;
where they are not alone in their file, lines with two neighbours on each side that stand once in both are. What has no line left anywhere in the
file may not be claimed to be found. Beside it, on the same comments: Gerrit's port of comments (histogram diff), and GitHub's rule in two readings, since it is
not published: a comment is outdated where its lines were touched (Myers diff), or where the part of the hunk above it was.

`--look` takes two packages that may be looked at while something is changed; without it, those that were set aside for judging.
Prints a table and one JSON object; ends with 1 where a goal is missed.
"""

import collections, json, os, random, re, subprocess, sys, tempfile, zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lsp_bench import Server  # noqa: E402

LOOK = {
    'click': ['7.1.2', '8.0.0', '8.1.0', '8.1.7', '8.2.0'],
    'pluggy': ['0.13.1', '1.0.0', '1.2.0', '1.3.0', '1.5.0'],
}
# MIT, BSD or Apache, all of them.
ASIDE = {
    'attrs': ['21.4.0', '22.1.0', '22.2.0', '23.1.0', '23.2.0', '24.1.0', '24.2.0'],
    'flask': ['2.0.0', '2.1.0', '2.2.0', '2.3.0', '3.0.0', '3.1.0'],
    'httpx': ['0.22.0', '0.23.0', '0.24.0', '0.25.0', '0.26.0', '0.27.0'],
    'jinja2': ['2.11.3', '3.0.0', '3.0.3', '3.1.0', '3.1.2', '3.1.4'],
    'packaging': ['21.3', '22.0', '23.0', '23.1', '23.2', '24.0', '24.1', '24.2'],
    'requests': ['2.27.1', '2.28.0', '2.28.2', '2.29.0', '2.30.0', '2.31.0', '2.32.3'],
    'rich': ['12.0.0', '12.6.0', '13.0.0', '13.3.1', '13.5.0', '13.7.0', '13.9.0'],
    'tomlkit': ['0.11.0', '0.11.8', '0.12.0', '0.12.5', '0.13.0'],
    'urllib3': ['1.26.0', '1.26.18', '2.0.2', '2.1.0', '2.2.0', '2.3.0'],
    'werkzeug': ['2.0.0', '2.1.0', '2.2.0', '2.3.0', '3.0.0', '3.1.0'],
}
COMMENTS = 60  # of one branch, at most
SEED = 20261123
FOUND = ('exact', 'shifted', 'moved')


def git(folder, *arguments, text=None):
    env = dict(os.environ, GIT_CONFIG_GLOBAL='/dev/null', GIT_CONFIG_NOSYSTEM='1', LC_ALL='C',
               GIT_AUTHOR_DATE='2026-01-01T00:00:00Z', GIT_COMMITTER_DATE='2026-01-01T00:00:00Z')
    ran = subprocess.run(['git', '-c', 'user.name=A', '-c', 'user.email=a@example.org', *arguments], cwd=folder, env=env,
                         input=text, stdout=subprocess.PIPE, check=True)
    return ran.stdout


def wheel(cache, name, version):
    """The files of a release: path to lines. Read from the archive; nothing is unpacked."""
    folder = os.path.join(cache, f'{name}-{version}')
    if not os.path.isdir(folder):
        part = folder + '.part'
        subprocess.run([sys.executable, '-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:',
                        '--implementation', 'py', '--abi', 'none', '--platform', 'any', '-d', part, f'{name}=={version}'], check=True)
        os.rename(part, folder)
    (archive,) = os.listdir(folder)
    files = {}
    with zipfile.ZipFile(os.path.join(folder, archive)) as held:
        for path in held.namelist():
            if path.endswith('.py'):
                try:
                    files[path] = held.read(path).decode().replace('\r\n', '\n')
                except UnicodeDecodeError:
                    pass
    return files


def commit(repo, files, parent):
    """A commit of exactly these files."""
    git(repo, 'read-tree', '--empty')
    entries = b''
    for path, text in sorted(files.items()):
        blob = git(repo, 'hash-object', '-w', '--stdin', text=text.encode()).strip()
        entries += b'100644 ' + blob + b'\t' + path.encode() + b'\n'
    git(repo, 'update-index', '--index-info', text=entries)
    tree = git(repo, 'write-tree').decode().strip()
    more = ['-p', parent] if parent else []
    return git(repo, 'commit-tree', tree, *more, text=b'x\n').decode().strip()


HUNK = re.compile(r'^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@')


def diff(repo, old, new, around, *more):
    """Of each file (by its old path): its new path, and the hunks (old first, old count, new first, new count, lines), zero-based."""
    said = git(repo, '-c', 'core.quotePath=false', 'diff', '--no-ext-diff', '--no-color', '-M', f'-U{around}', *more, old, new).decode()
    files, current, left = {}, None, [0, 0]
    for line in said.split('\n'):
        if line.startswith('\\'):
            continue
        if left[0] > 0 or left[1] > 0:
            left[0] -= line[:1] in ('-', ' ', '')
            left[1] -= line[:1] in ('+', ' ', '')
            current['hunks'][-1][4].append(line)
            continue
        if line.startswith('diff --git '):
            current = {'new': None, 'old': None, 'hunks': []}
        elif line.startswith(('--- ', 'rename from ')):
            name = line.split(' ', 1)[1].removeprefix('from ')
            current['old'] = None if name == '/dev/null' else name.removeprefix('a/') if line.startswith('---') else name
            if current['old']:
                files[current['old']] = current
        elif line.startswith(('+++ ', 'rename to ')):
            name = line.split(' ', 1)[1].removeprefix('to ')
            current['new'] = None if name == '/dev/null' else name.removeprefix('b/') if line.startswith('+++') else name
            if not current['old'] and current['new']:
                files[('new', current['new'])] = current
        elif match := HUNK.match(line):
            a, b, c, d = (int(x) if x is not None else 1 for x in match.groups())
            current['hunks'].append((a - (b > 0), b, c - (d > 0), d, []))
            left = [b, d]
    return files


def places(block, lines):
    """First lines of the places where these lines stand."""
    count = len(block)
    return [at for at in range(len(lines) - count + 1) if lines[at:at + count] == block]


def squeezed(line):
    return ' '.join(line.split())


def truth(old, new_files, path, first, count):
    """('at', path, line), ('gone',) or None where it cannot be told."""
    lines, block = old[path], old[path][first:first + count]
    if path in new_files:
        new = new_files[path]
        now, then = places(block, new), places(block, lines)
        if len(then) == 1 and len(now) == 1:
            return ('at', path, now[0])
        around = lines[max(0, first - 2):first + count + 2]
        above = first - max(0, first - 2)
        now_around = places(around, new)
        if len(around) == count + 4 and len(places(around, lines)) == 1 and len(now_around) == 1:
            return ('around', path, now_around[0] + above)
        words = {squeezed(line) for line in block if re.search(r'\w', line)}
        if words and not words & {squeezed(line) for line in new}:
            return ('gone',)
        return None
    then = sum(len(places(block, lines)) for lines in old.values())
    now = [(where, at) for where, lines in new_files.items() for at in places(block, lines)]
    return ('at', *now[0]) if then == 1 and len(now) == 1 else None


def gerrit(changes, path, first, count):
    """CommentPorter: shifted by what came before; on a changed range, the file; where the file is gone, the patch set."""
    change = changes.get(path)
    if change is None:
        return (path, first)
    if change['new'] is None:
        return None
    by = 0
    for a, b, c, d, _ in change['hunks']:
        if a + b <= first and not (b == 0 and a > first):
            by += d - b
        elif a < first + count:
            return None
    return (change['new'], first + by)


def hunk_prefix(changes, path, line):
    """The hunk's lines down to this one of the new side."""
    for change in changes.values():
        if change['new'] != path:
            continue
        for _, _, c, d, body in change['hunks']:
            at, prefix = c, []
            for text in body:
                prefix.append(text)
                if not text.startswith('-'):
                    if at == line:
                        return prefix
                    at += 1
    return None


def github_hunk(before, after, path, first, count):
    """Outdated where what the comparison shows above and at the comment is not what it was."""
    prefix = hunk_prefix(before, path, first + count - 1)
    for change in after.values():
        if prefix is None or change['new'] != path:
            continue
        for _, _, c, _, body in change['hunks']:
            if body[:len(prefix)] == prefix:
                last = c + sum(not text.startswith('-') for text in prefix) - 1
                return (path, last - count + 1)
    return None


def chosen(rng, before, middle, later):
    """Lines that the review's comparison shows, in files that are others later: (path, first, count)."""
    shown = []
    for change in before.values():
        path = change['new']
        if path is None or path not in middle or later.get(path) == middle[path]:
            continue
        for _, _, c, d, _ in change['hunks']:
            shown.extend((path, at, c + d) for at in range(c, c + d) if re.search(r'\w{3}', middle[path][at]))
    rng.shuffle(shown)
    picked = []
    for path, first, end in shown[:COMMENTS]:
        count = min(rng.randint(2, 5), end - first) if rng.random() < 0.25 else 1
        picked.append((path, first, count))
    return picked


def ask(server, command, **fields):
    took = server.request('workspace/executeCommand', {'command': f'holdover.review.{command}', 'arguments': [fields]}, 300)
    if took is None or 'error' in took[1]:
        raise SystemExit(f'{command}: {took and took[1]["error"]}')
    return took[1]['result']


def lines_of(files):
    return {path: text.split('\n')[:-1] if text.endswith('\n') else text.split('\n') for path, text in files.items()}


class Tally:
    def __init__(self):
        self.all, self.known, self.unique, self.landed, self.missed = 0, 0, 0, 0, 0
        self.wrong, self.grades = [], collections.defaultdict(collections.Counter)

    def take(self, told, right, claims, at, grade, same):
        """`claims`: whether it says that these are the same lines."""
        self.all += 1
        what = 'not judged'
        if right and right[0] in ('at', 'around'):
            self.known += 1
            self.unique += right[0] == 'at'
            if at == right[1:]:
                what, self.landed = 'right', self.landed + (right[0] == 'at')
            elif at is None:
                what, self.missed = 'not placed', self.missed + 1
            else:
                what = 'wrong'
        elif right and claims or claims and not same:
            what = 'wrong'
        elif right:
            what = 'right: gone' if at is None else 'not judged'
        self.grades[grade][what] += 1
        if what == 'wrong':
            self.wrong.append(told)


def one(holdover, name, versions, cache, tallies, rng):
    releases = [wheel(cache, name, version) for version in versions]
    for at in range(len(releases) - 2):
        with tempfile.TemporaryDirectory() as scratch:
            repo = os.path.join(scratch, 'repo')
            os.mkdir(repo)
            git(repo, 'init', '-q', '-b', 'base')
            base = commit(repo, releases[at], None)
            middle, later = commit(repo, releases[at + 1], base), commit(repo, releases[at + 2], base)
            git(repo, 'update-ref', 'refs/heads/base', base)
            git(repo, 'update-ref', 'refs/heads/feature', middle)
            old, new = lines_of(releases[at + 1]), lines_of(releases[at + 2])
            before, after = diff(repo, base, middle, 3), diff(repo, base, later, 3)
            step, histogram = diff(repo, middle, later, 0), diff(repo, middle, later, 0, '--diff-algorithm=histogram')
            picked = chosen(rng, before, old, new)
            if not picked:
                continue
            env = dict(HOLDOVER_DATA_DIR=os.path.join(scratch, 'data'), HOLDOVER_CONFIG=os.path.join(scratch, 'none.toml'), USER='ann')
            os.environ.update(env)
            server = Server([holdover, 'lsp'], repo)
            server.initialize(repo)
            review = ask(server, 'start', range='base..feature')
            threads = {}
            for path, first, count in picked:
                thread = ask(server, 'comment', review=review['id'], path=path, side='new', line=first, lines=count, body='?')
                threads[thread['id']] = (path, first, count)
            git(repo, 'update-ref', 'refs/heads/feature', later)
            shown = ask(server, 'show', review=review['id'])
            assert shown['head'] == later and len(shown['threads']) == len(picked)
            for thread in shown['threads']:
                path, first, count = threads[thread['id']]
                right, place = truth(old, new, path, first, count), thread['place']
                span = place.get('range')
                found = (place['path'], span['start']['line']) if span else None
                told = f'{name} {versions[at + 1]} to {versions[at + 2]} {path}:{first + 1} x{count}'
                block = [squeezed(line) for line in old[path][first:first + count]]

                def same(where, of=block):
                    return where is not None and [squeezed(line) for line in new.get(where[0], [])[where[1]:where[1] + len(of)]] == of

                claims = place['grade'] in FOUND
                tallies['Holdover'].take(f'{told}: {place["grade"]} {found}, {right}', right, claims, found, place['grade'], same(found))
                others = {
                    'Gerrit': gerrit(histogram, path, first, count),
                    'GitHub, line': gerrit(step, path, first, count),
                    'GitHub, hunk': github_hunk(before, after, path, first, count),
                }
                for who, where in others.items():
                    tallies[who].take(f'{told}: {where}, {right}', right, where is not None, where, 'placed' if where else 'outdated', same(where))
            server.request('shutdown', None)
            server.notify('exit', None)
            server.proc.wait(60)


def main(holdover, cache, look):
    rng, tallies = random.Random(SEED), collections.defaultdict(Tally)
    packages = LOOK if look else ASIDE
    os.makedirs(cache, exist_ok=True)
    for name, versions in packages.items():
        one(holdover, name, versions, cache, tallies, rng)
        print(f'{name}: {tallies["Holdover"].all} comments so far', file=sys.stderr)
    out = {}
    for who, tally in tallies.items():
        out[who] = {
            'comments': tally.all, 'unique': tally.unique, 'landed': tally.landed, 'known': tally.known, 'notPlaced': tally.missed,
            'wrong': len(tally.wrong), 'grades': {grade: dict(counts) for grade, counts in sorted(tally.grades.items())},
        }
        print(f'{who:13} {tally.all} comments; lines that survive uniquely {tally.unique}, landed on {tally.landed} '
              f'({100 * tally.landed / max(1, tally.unique):.2f} %); wrong {len(tally.wrong)} ({100 * len(tally.wrong) / max(1, tally.all):.2f} %)')
        for grade, counts in sorted(tally.grades.items()):
            print(f'    {grade:9} ' + ', '.join(f'{what} {count}' for what, count in counts.most_common()))
    for told in tallies['Holdover'].wrong if look else []:
        print(f'wrong: {told}')
    print(json.dumps(out))
    own = tallies['Holdover']
    return 0 if own.landed >= 0.9 * own.unique and len(own.wrong) <= 0.005 * own.all else 1


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2], '--look' in sys.argv))
