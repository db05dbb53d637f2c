#!/usr/bin/env node
// A colleague of whoever sits at the editor: another data folder, another copy of the project, and a folder that both share over.
// Both are told by the command line alone what to do, as people tell it; the editor has to see what comes of it.
//
// usage: colleague.mjs SERVER WORKSPACE FOLDER meet FILE BASE ONE OTHER     both write a note anew while apart; prints its id
//        colleague.mjs SERVER WORKSPACE FOLDER exchange                     the colleague synchronises; prints what they have then
//        colleague.mjs SERVER WORKSPACE FOLDER settle ID CHOICE             the colleague resolves it, and both synchronise
//        colleague.mjs SERVER WORKSPACE FOLDER begin-review FILE TEXT       the colleague begins a thread on line 2 of a branch that adds FILE; prints its id
//        colleague.mjs SERVER WORKSPACE FOLDER review                       the colleague synchronises; prints the review as they have it
// The environment is the editor's.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = '\n[workspace]\nproject = "shared with a colleague"\n';

export class Colleague {
  constructor(server, workspace, folder) {
    Object.assign(this, { server, workspace, folder, there: path.join(folder, 'project') });
  }

  run(cwd, env, words) {
    // A conflict, or something that waits, is an answer too.
    const script = '"$0" "$@" || [ $? = 1 ]';
    return execFileSync('sh', ['-c', script, this.server, ...words], {
      cwd,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** At the editor. */
  here(...words) {
    return this.run(this.workspace, {}, words);
  }

  /** At the colleague's. */
  away(...words) {
    return this.run(this.there, { HOLDOVER_DATA_DIR: path.join(this.folder, 'data') }, words);
  }

  /** Lets the colleague in, and gives both the remote. */
  begin() {
    if (existsSync(this.there)) return;
    mkdirSync(this.there, { recursive: true });
    const settings = path.join(this.workspace, 'holdover.toml');
    if (!existsSync(settings) || !readFileSync(settings, 'utf8').includes(PROJECT))
      appendFileSync(settings, PROJECT);
    writeFileSync(path.join(this.there, 'holdover.toml'), PROJECT);
    this.here('trust');
    this.away('trust');
    this.here('device', 'init', '--name', 'desk', '--person', 'Ann');
    this.away('device', 'init', '--name', 'laptop', '--person', 'Bob');
    const file = (name) => path.join(this.folder, name);
    writeFileSync(file('invitation.txt'), this.here('device', 'invite'));
    this.away('device', 'join', file('invitation.txt'), '--to', file('request.bin'));
    this.here('device', 'join', file('request.bin'), '--to', file('answer.bin'));
    this.away('device', 'join', file('answer.bin'));
    for (const side of ['here', 'away']) this[side]('remote', 'add', 'stick', file('stick'));
  }

  /** The note's id; by then either side has both texts. */
  meet(file, base, one, other) {
    this.begin();
    writeFileSync(path.join(this.there, path.basename(file)), readFileSync(path.join(this.workspace, file)));
    const { id } = JSON.parse(this.here('note', 'add', `${file}:2`, '--shared', '-m', base, '--json'));
    this.here('sync');
    this.away('sync');
    this.here('note', 'edit', id, '-m', one);
    this.away('note', 'edit', id, '-m', other);
    this.away('sync');
    this.here('sync');
    return id;
  }

  /** What the colleague has, after they synchronised. */
  exchange() {
    this.away('sync');
    const { records = [] } = JSON.parse(this.away('conflicts', '--json'));
    const { notes } = JSON.parse(this.away('note', 'list', '--json'));
    return { conflicts: records.length, bodies: Object.fromEntries(notes.map(({ id, body }) => [id, body])) };
  }

  /** git, as nobody in particular. */
  git(cwd, ...words) {
    execFileSync('git', ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org', ...words], {
      cwd,
      stdio: 'ignore',
    });
  }

  /** A branch that adds a file of three lines, here and at the colleague's, and a review of it. */
  branch(file) {
    this.begin();
    this.git(this.workspace, 'init', '-q', '-b', 'main');
    this.git(this.workspace, 'add', 'holdover.toml');
    this.git(this.workspace, 'commit', '-q', '-m', 'first');
    this.git(this.workspace, 'checkout', '-q', '-b', 'feature');
    writeFileSync(path.join(this.workspace, file), 'one\ntwo\nthree\n');
    this.git(this.workspace, 'add', file);
    this.git(this.workspace, 'commit', '-q', '-m', 'three lines');
    this.git(this.there, 'init', '-q', '-b', 'other');
    this.git(this.there, 'fetch', '-q', this.workspace, 'main:main', 'feature:feature');
    this.git(this.there, 'checkout', '-q', '-f', 'feature');
    this.here('trust');
    this.away('trust');
    this.away('review', 'start', 'main..feature');
    this.away('sync');
    this.here('sync');
  }

  /** The same with a thread that the colleague begins on the second line; its id. */
  ['begin-review'](file, text) {
    this.branch(file);
    const { id } = JSON.parse(this.away('review', 'comment', `${file}:2`, '-m', text, '--json'));
    this.away('sync');
    this.here('sync');
    return id;
  }

  review() {
    this.away('sync');
    return JSON.parse(this.away('review', 'show', '--json'));
  }

  settle(id, choice) {
    this.away('sync');
    this.away('conflicts', '--resolve', choice, `note:${id}`);
    this.away('sync');
    this.here('sync');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [server, workspace, folder, what, ...words] = process.argv.slice(2);
  const colleague = new Colleague(server, path.resolve(workspace), path.resolve(folder));
  const said = colleague[what](...words);
  if (said !== undefined) console.log(typeof said === 'string' ? said : JSON.stringify(said));
}
