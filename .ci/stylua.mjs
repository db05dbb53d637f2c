// Formats Lua with StyLua's WebAssembly build, which needs no compiler: `stylua.mjs PACKAGE [--write] FILE…`.
// Reads stylua.toml at the root of the repository. Ends with 1 where a file is not formatted and --write was not given.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, ...rest] = process.argv.slice(2);
const write = rest.includes('--write');
const stylua = createRequire(path.resolve(folder, 'package.json'))('@johnnymorganz/stylua');
const enums = {
  line_endings: stylua.LineEndings,
  indent_type: stylua.IndentType,
  quote_style: stylua.QuoteStyle,
  call_parentheses: stylua.CallParenType,
  syntax: stylua.LuaVersion,
};

const settings = [];
const text = readFileSync(path.join(import.meta.dirname, '..', 'stylua.toml'), 'utf8');
for (const line of text.split('\n')) {
  const [, key, quoted, plain] = /^(\w+)\s*=\s*(?:"([^"]*)"|(\S+))/.exec(line) ?? [];
  if (key === undefined) continue;
  const value = quoted === undefined ? Number(plain) : enums[key]?.[quoted];
  if (value === undefined || Number.isNaN(value) || !(key in stylua.Config.new())) {
    console.error(`stylua.toml: StyLua does not know ${line.trim()}`);
    process.exit(2);
  }
  settings.push([key, value]);
}
// A configuration is consumed by the file that it formats.
const configuration = () => Object.assign(stylua.Config.new(), Object.fromEntries(settings));

let wrong = 0;
for (const file of rest.filter((argument) => !argument.startsWith('--'))) {
  const before = readFileSync(file, 'utf8');
  let after;
  try {
    after = stylua.formatCode(before, configuration(), undefined, stylua.OutputVerification.Full);
  } catch (problem) {
    console.error(`${file}: ${problem}`);
    wrong += 1;
    continue;
  }
  if (after === before) continue;
  if (write) {
    writeFileSync(file, after);
    console.log(`formatted: ${file}`);
    continue;
  }
  const was = before.split('\n');
  const at = after.split('\n').findIndex((line, index) => line !== was[index]);
  console.error(`${file}:${at + 1}: not formatted\n  is:        ${was[at] ?? ''}\n  should be: ${after.split('\n')[at] ?? ''}`);
  wrong += 1;
}
if (wrong > 0) console.error('hint: .ci/lint --fix');
process.exit(wrong > 0 ? 1 : 0);
