#!/usr/bin/env node
// Real repositories in the middle of a merge, a rebase and a cherry-pick, and the commits that they are to end in: what each
// file is to hold is put together here from its parts, by nobody that is tested.
//
// usage: operations.mjs make FOLDER     prints, as JSON, what is to be chosen; top to bottom of each file
//        operations.mjs finish FOLDER NAME     goes on as git says; prints `next` or `equal`, or ends with 1 and what differs
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** One conflict: its three texts, and what is chosen. `merged` where that is a merge that is suggested. */
const hunk = (chosen, base, current, incoming, merged) => ({ chosen, base, current, incoming, merged });
const same = (...words) => words.map((word) => `${word}\n`).join('');
const apart = same('first of all', 'and as it was', 'nobody touches this', 'nor this', 'nor this either 😀');

const PLAN = [
  'the plan\n',
  hunk('current', 'leave at 8\n', 'leave at 7, by train\n', 'leave at nine\nbring tea\n'),
  apart,
  hunk('incoming', 'one bag\n', 'two bags\n', 'no bag, a rucksack 🎒\n'),
  apart,
  hunk('both', 'seat\n', 'window seat\n', 'aisle seat\n'),
  apart,
  hunk('both-reversed', 'lunch\n', 'soup\n', 'bread\n'),
  'the end\n',
];
const CRLF = [
  'a\n',
  hunk('base', 'old one\n', 'current one\n', 'incoming one\n'),
  apart,
  hunk('none', 'old two\n', 'current two\n', 'incoming two\n'),
  'z\n',
].map((part) =>
  typeof part === 'string'
    ? part.replaceAll('\n', '\r\n')
    : Object.fromEntries(Object.entries(part).map(([key, text]) => [key, text?.replaceAll('\n', '\r\n')])),
);
/** The text ends without a newline. */
const END = [
  'begun\n',
  hunk('incoming', 'tail\n', 'current tail\n', 'incoming\ntail\n'),
  'no newline follows',
];
/** Both can be kept, as a person is to see first. */
const WORDS = [
  'fn main() {\n',
  hunk(
    'incoming',
    '    connect("localhost", 80, false);\n',
    '    connect("localhost", 8080, false);\n',
    '    connect("localhost", 80, true);\n',
  ),
  '}\n',
];
/** Both are kept with one click. */
const INDENT = [
  'fn main() {\n',
  hunk('merge', '  send("one");\n', '    send("one");\n', '  send("two");\n', '    send("two");\n'),
  '}\n',
];
const OPERATIONS = {
  merge: {
    style: 'diff3',
    steps: [{ 'merge-plan.txt': PLAN, 'merge-crlf.txt': CRLF, 'merge-end.txt': END }],
  },
  // What is replayed comes second: a rebase takes the sides the other way round.
  rebase: {
    style: 'merge',
    steps: [
      { 'rebase-plan.txt': PLAN },
      { 'rebase-end.txt': END, 'rebase-more.txt': ['a\n', hunk('current', 'b\n', 'c\n', 'd\n'), 'e\n'] },
    ],
  },
  'cherry-pick': {
    style: 'zdiff3',
    steps: [{ 'pick-words.rs': WORDS, 'pick-indent.rs': INDENT, 'pick-plan.txt': PLAN }],
  },
};

const text = (parts, of) => parts.map((part) => (typeof part === 'string' ? part : of(part))).join('');

/** What stands there after the choice. */
function resolved({ chosen, base, current, incoming, merged }) {
  switch (chosen) {
    case 'both':
      return current + incoming;
    case 'both-reversed':
      return incoming + current;
    case 'none':
      return '';
    case 'merge':
      return merged;
    default:
      return { base, current, incoming }[chosen];
  }
}

/** Git with nothing of the user's, and dates that stand still. */
function git(folder, ...words) {
  const who = { NAME: 'A Tester', EMAIL: 'tester@example.org', DATE: '2026-01-02T03:04:05Z' };
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_EDITOR: 'true',
  };
  for (const name of Object.keys(env)) if (/^GIT_(DIR|WORK_TREE|INDEX_FILE)$/.test(name)) delete env[name];
  for (const [key, value] of Object.entries(who)) {
    env[`GIT_AUTHOR_${key}`] = value;
    env[`GIT_COMMITTER_${key}`] = value;
  }
  return execFileSync('git', words, {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function stops(folder, ...words) {
  try {
    git(folder, ...words);
  } catch (problem) {
    if (git(folder, 'ls-files', '--unmerged') !== '') return;
    throw problem;
  }
  throw new Error(`git ${words.join(' ')} had no conflict in ${folder}`);
}

/** Makes the repositories; gives, by name, the files to resolve at each stop and what is to be chosen in them. */
export function make(folder) {
  const told = {};
  for (const [name, { style, steps }] of Object.entries(OPERATIONS)) {
    const repository = path.join(folder, name);
    rmSync(repository, { recursive: true, force: true });
    mkdirSync(repository, { recursive: true });
    const all = Object.assign({}, ...steps);
    const commit = (files, of, message) => {
      for (const [file, parts] of Object.entries(files))
        writeFileSync(path.join(repository, file), text(parts, of));
      git(repository, 'add', '--all');
      git(repository, 'commit', '--quiet', '--message', message);
    };
    git(repository, 'init', '--quiet', '--initial-branch=main');
    git(repository, 'config', 'merge.conflictStyle', style);
    git(repository, 'config', 'core.autocrlf', 'false');
    git(repository, 'config', 'commit.gpgSign', 'false');
    commit(all, (part) => part.base, 'as it was');
    git(repository, 'switch', '--quiet', '--create', 'feature');
    steps.forEach((files, n) => commit(files, (part) => part.incoming, `the other side, part ${n + 1}`));
    git(repository, 'switch', '--quiet', 'main');
    commit(all, (part) => part.current, 'this side');
    // The commits that are to come out, made of what was written above.
    git(repository, 'switch', '--quiet', '--create', 'expected');
    steps.forEach((files, n) => commit(files, resolved, `the other side, part ${n + 1}`));
    git(repository, 'switch', '--quiet', name === 'rebase' ? 'feature' : 'main');
    if (name === 'merge') stops(repository, 'merge', 'feature');
    if (name === 'rebase') stops(repository, 'rebase', 'main');
    if (name === 'cherry-pick') stops(repository, 'cherry-pick', 'feature');
    told[name] = {
      folder: repository,
      stops: steps.map((files) =>
        Object.entries(files).map(([file, parts]) => ({
          file,
          chosen: parts.filter((part) => typeof part !== 'string').map((part) => part.chosen),
        })),
      ),
    };
  }
  return told;
}

/** Lines of the opening markers of a file, from 1. */
export function markers(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, n) => (/^<{7}( |$|\r)/.test(line) ? [n + 1] : []));
}

/** Goes on with what was resolved. `next`: there is another stop; `equal`: it came out as it was to. */
export function finish(folder, name) {
  const repository = path.join(folder, name);
  git(repository, 'add', '--all');
  if (name === 'merge') {
    git(repository, 'commit', '--quiet', '--no-edit');
  } else {
    try {
      git(repository, name, '--continue');
    } catch (problem) {
      if (git(repository, 'ls-files', '--unmerged') !== '') return 'next';
      // What git said: its error has the command alone.
      throw new Error(`git ${name} --continue: ${problem.stderr}${problem.stdout}`, { cause: problem });
    }
  }
  const status = git(repository, 'status', '--porcelain');
  if (status !== '') throw new Error(`not everything went into the commit:\n${status}`);
  // Each commit of its own: what a step leaves for the next is not made good by the next.
  for (let back = 0; back < OPERATIONS[name].steps.length; back += 1) {
    const differs = git(repository, 'diff', `expected~${back}`, `HEAD~${back}`);
    if (differs !== '') throw new Error(`HEAD~${back} is not the expected commit:\n${differs}`);
  }
  return 'equal';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [act, folder, name] = process.argv.slice(2);
  if (act === 'make' && folder) {
    console.log(JSON.stringify(make(path.resolve(folder))));
  } else if (act === 'finish' && OPERATIONS[name]) {
    try {
      console.log(finish(path.resolve(folder), name));
    } catch (problem) {
      console.error(problem.stderr || problem.message);
      process.exitCode = 1;
    }
  } else {
    console.error('usage: operations.mjs make FOLDER | finish FOLDER merge|rebase|cherry-pick');
    process.exitCode = 2;
  }
}
