// What the manifest offers is whole: icons, keys, welcome texts, pictures and links to what there is.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';

interface Menu {
  command: string;
  when?: string;
}
interface Manifest {
  contributes: {
    commands: { command: string; title: string; icon: string }[];
    menus: Record<string, Menu[]>;
    keybindings: { command: string; key: string; when?: string }[];
    views: Record<string, { id: string; name: string; icon: string }[]>;
    viewsContainers: { activitybar: { id: string; icon: string }[] };
    viewsWelcome: { view: string; contents: string; when: string }[];
    walkthroughs: {
      id: string;
      steps: {
        id: string;
        description: string;
        media: { svg: string; altText: string };
        completionEvents: string[];
      }[];
    }[];
    configuration: { properties: Record<string, { default: unknown; scope: string }> }[];
  };
}

const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const commands = contributes.commands.map((one) => one.command);
const views = Object.values(contributes.views).flat();
const linked = (text: string) =>
  [...text.matchAll(/\(command:([\w.]+)/g)].flatMap(([, command]) =>
    command === undefined ? [] : [command],
  );
const known = (command: string) =>
  commands.includes(command) ||
  command === 'workbench.view.extension.holdover' ||
  ['vscode.openFolder', 'workbench.action.openSettings'].includes(command);

test('every command has a title and an icon', () => {
  for (const { command, title, icon } of contributes.commands) {
    assert.match(title, /^[A-Z]/, command);
    assert.match(icon, /^\$\([a-z-]+\)$/, command);
  }
});

test('every command that menus, keys, welcome texts and steps name exists', () => {
  const named = [
    ...Object.values(contributes.menus).flatMap((menu) => menu.map((one) => one.command)),
    ...contributes.keybindings.map((one) => one.command),
    ...contributes.viewsWelcome.flatMap((one) => linked(one.contents)),
    ...contributes.walkthroughs.flatMap((one) => one.steps.flatMap((step) => linked(step.description))),
  ];
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter((command) => !known(command)),
    [],
  );
});

test('whatever a row or a button does, the palette or a key or a menu of the keyboard does too', () => {
  const hidden = (contributes.menus.commandPalette ?? [])
    .filter((one) => one.when === 'false')
    .map((one) => one.command);
  const menus = [
    ...(contributes.menus['view/item/context'] ?? []),
    ...(contributes.menus['view/title'] ?? []),
    // The buttons of a thread, which the keyboard reaches within it.
    ...Object.entries(contributes.menus).flatMap(([name, menu]) =>
      name.startsWith('comments/') ? menu : [],
    ),
  ];
  for (const command of hidden) {
    assert.ok(
      menus.some((one) => one.command === command),
      `${command} is neither in the palette nor in a menu`,
    );
  }
});

test('keys are chords of one prefix, and no two mean the same under the same condition', () => {
  for (const { key } of contributes.keybindings) {
    assert.match(key, /^ctrl\+alt\+h [a-z]$/);
  }
  const both = contributes.keybindings.map(({ key, when }) => `${key} ${when ?? ''}`);
  assert.equal(new Set(both).size, both.length);
});

test('every view has a welcome text for a server that runs', () => {
  for (const { id } of views) {
    const texts = contributes.viewsWelcome.filter((one) => one.view === id);
    assert.ok(
      texts.some((one) => one.when === 'true' || one.when.includes('holdover.state == running')),
      id,
    );
  }
});

test('welcome texts and steps hold no backticks, which the editor shows as they are', () => {
  const texts = [
    ...contributes.viewsWelcome.map((one) => one.contents),
    ...contributes.walkthroughs.flatMap((one) => one.steps.map((step) => step.description)),
  ];
  assert.deepEqual(
    texts.filter((text) => text.includes('`')),
    [],
  );
});

test('the walkthrough has four steps, each with a picture, words for it, and an event that completes it', () => {
  const [walkthrough] = contributes.walkthroughs;
  assert.ok(walkthrough);
  assert.deepEqual(
    walkthrough.steps.map((step) => step.id),
    ['check', 'get', 'prove', 'offline'],
  );
  for (const step of walkthrough.steps) {
    assert.ok(existsSync(step.media.svg), step.media.svg);
    assert.ok(step.media.altText.length > 20, step.id);
    for (const event of step.completionEvents) {
      const [kind, name] = event.split(':');
      assert.ok(
        kind === 'onView' ? views.some((view) => view.id === name) : commands.includes(name ?? ''),
        event,
      );
    }
  }
});

test("the view container's icon is there and has one colour", () => {
  const [container] = contributes.viewsContainers.activitybar;
  assert.ok(container);
  const colours = [...readFileSync(container.icon, 'utf8').matchAll(/#[0-9a-f]{3,8}/gi)].map(
    ([colour]) => colour,
  );
  assert.equal(new Set(colours).size, 1);
});

test('the page of the extension lists every command, every key and every setting with its default', () => {
  const page = readFileSync('README.md', 'utf8');
  const hidden = (contributes.menus.commandPalette ?? [])
    .filter((one) => one.when === 'false')
    .map((one) => one.command);
  for (const { command, title } of contributes.commands) {
    if (!hidden.includes(command)) {
      assert.ok(page.includes(`| ${title} `), `${title} is not listed`);
    }
  }
  for (const { key } of contributes.keybindings) {
    const shown = key.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
    assert.ok(page.includes(`\`${shown}\``), `${shown} is not listed`);
  }
  const settings = Object.assign({}, ...contributes.configuration.map((one) => one.properties)) as Record<
    string,
    { default: unknown }
  >;
  for (const [key, setting] of Object.entries(settings)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${key}\``));
    assert.ok(row, `${key} is not listed`);
    assert.ok(row.includes(` \`${JSON.stringify(setting.default)}\` `), `${key}: ${row}`);
  }
  assert.equal([...page.matchAll(/^\| `holdover\./gm)].length, Object.keys(settings).length);
});
