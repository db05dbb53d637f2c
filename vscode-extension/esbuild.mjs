// Bundles the extension into dist/extension.js, or (--tests) each unit test into dist/test.
// May not fetch anything; what the bundle holds is what package-lock.json pins.
import { build, context } from 'esbuild';
import { readdirSync, rmSync } from 'node:fs';

const flag = (name) => process.argv.includes(`--${name}`);

const extension = {
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode'],
  minify: flag('production'),
  sourcemap: flag('production') ? false : 'linked',
  // Measured from here: what loading the bundle itself takes is a part of what a window waits for.
  banner: { js: 'const holdoverLoadBegun = performance.now();' },
  legalComments: 'none',
  logLevel: 'warning',
};

if (flag('tests')) {
  rmSync('dist/test', { recursive: true, force: true });
  await build({
    entryPoints: readdirSync('test')
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `test/${name}`),
    outdir: 'dist/test',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
} else if (flag('watch')) {
  await (await context(extension)).watch();
} else {
  await build(extension);
}
