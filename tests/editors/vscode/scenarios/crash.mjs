// A server that dies: it is started again after a pause, the status comes back, and too many deaths are said once.
// Kills only the server that this window started, found by its parent.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, expectText } from '../lib/steps.mjs';
import { until } from '../lib/window.mjs';

export const crash = {
  name: 'a server that dies',
  trusted: true,
  continues: ['record', 'mainJob'],
  async run({ steps, window, env, extensionLog }) {
    await steps.step('the server runs', async () => {
      await window.waitForStatus(/^offline: /);
      await until('one server', async () => servers(env).length === 1);
    });

    await steps.step('killed, it comes back by itself and nothing pops up', async () => {
      const [pid] = servers(env);
      process.kill(pid, 'SIGKILL');
      await until('another server', async () => servers(env).length === 1 && servers(env)[0] !== pid);
      await window.waitForStatus(/^offline: /);
      expectText(extensionLog(), 'starting it again in 500 ms');
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
    });

    await steps.step('killed again and again, it is left alone and the status bar says so', async () => {
      const times = (words) => extensionLog().split(words).length - 1;
      for (let death = 0; death < 5; death += 1) {
        // By what the extension says: a process that is being made or ends is listed half, or not at all.
        await until('a server that runs', async () => times('server: running') === death + 2, 20_000);
        const pid = await until('its process', async () => servers(env)[0]);
        process.kill(pid, 'SIGKILL');
        await until('it to be gone', async () => !servers(env).includes(pid));
      }
      await window.waitForStatus(/^holdover: stopped$/);
      await window.openViews();
      expectText(await window.welcome('Readiness'), 'Restart Server', 'Copy Log for a Report');
      expectText(extensionLog(), 'ended too often');
      // It was killed six times, and never ended by itself.
      expect(times('Server process exited') === times('exited with signal SIGKILL'), extensionLog());
      expect(times('exited with signal SIGKILL') === 6, extensionLog());
      const shown = await window.notifications();
      expect(shown.length === 0, `notifications: ${shown.join(' | ')}`);
      await window.shot('01-stopped-dark');
    });

    await steps.step('Restart Server brings it back', async () => {
      await window.command('Holdover: Restart Server');
      await window.waitForStatus(/^offline: /);
    });
  },
};

/** Process ids of servers that run with this scenario's data folder. */
function servers(env) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const own = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        return (
          command.includes(env.HOLDOVER_SERVER_PATH) &&
          command.includes('lsp') &&
          own.includes(`HOLDOVER_DATA_DIR=${env.HOLDOVER_DATA_DIR}`)
        );
      } catch {
        return false;
      }
    });
}
