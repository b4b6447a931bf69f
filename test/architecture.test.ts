import { globSync, readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

import manifest from '../package.json' with { type: 'json' };
import { judge, readFloors, readImports } from './floors.ts';

const floors = readFloors(readFileSync('ARCHITECTURE.md', 'utf8'));
const packages = Object.keys(manifest.dependencies);

it('the drawing in ARCHITECTURE.md shows the rooms that exist', () => {
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const rooms = folders.map(({ name }) => name).filter((name) => name !== 'testing');
  expect(floors.flat().sort()).toEqual(rooms.sort());
});

it('imports look down, and enter a room by its index.ts', () => {
  const files = globSync('**/*.ts', { cwd: 'src' });
  const imports = files.flatMap((file) =>
    readImports(readFileSync(`src/${file}`, 'utf8')).map((target) => ({ file, target })),
  );
  const wrong = imports.flatMap(({ file, target }) => {
    const reason = judge(floors, packages, file, target);
    return reason === undefined ? [] : [`src/${file} imports ${target}: ${reason}`];
  });
  expect(wrong).toEqual([]);
  // A check that sees nothing must not pass.
  expect(files.length).toBeGreaterThan(50);
  expect(imports.length).toBeGreaterThan(2 * files.length);
});

it.each([
  ['tree/diff.ts', "import { x } from '../base/index.ts';", undefined],
  ['tree/diff.ts', "import type { X } from '../chunk/index.ts';", 'it looks sideways'],
  ['tree/diff.ts', "export {\n  x,\n} from '../vault/index.ts';", 'it looks up'],
  ['tree/diff.ts', "import { readFileSync } from 'node:fs';", 'a pure room touches the outside world'],
  ['disk/scan.ts', "import '../vault/content.ts';", 'it does not go through index.ts'],
  ['disk/scan.ts', "const x = await import('../engine/index.ts');", 'it looks up'],
  ['disk/scan.ts', 'const x = await import(name);', 'not a dependency'],
  [
    'disk/scan.ts',
    "new Worker(new URL('../vault/worker.ts', import.meta.url));",
    'it does not go through index.ts',
  ],
  ['disk/scan.ts', "import { it } from 'vitest';", 'not a dependency'],
  ['disk/scan.ts', "import { oddTree } from '../testing/odd-tree.ts';", 'it is for tests only'],
  ['disk/scan.ts', "import { suite } from './scan.contract.ts';", 'it is for tests only'],
  ['disk/scan.ts', "import x from '../../package.json' with { type: 'json' };", 'it leaves src/'],
  ['disk/scan.ts', "import { x } from '../nowhere/index.ts';", 'no such room'],
  ['disk/scan.test.ts', "import { oddTree } from '../testing/odd-tree.ts';", undefined],
  ['disk/scan.test.ts', "import { x } from '../engine/index.ts';", 'it looks up'],
  ['index.ts', "export { openEngine } from './engine/index.ts';", undefined],
  ['disk/scan.ts', "export * from '../vault/content.ts';", 'it does not go through index.ts'],
])('judges %s: %j', (file, source, reason) => {
  expect(readImports(source).map((target) => judge(floors, packages, file, target))).toEqual([reason]);
});
