/** The rules of floors, as functions on text, so that a test can plant a fault and see it found. */

import { dirname, join, normalize } from 'node:path';

/** Floors from the lowest to the highest, each with its rooms, out of the drawing in ARCHITECTURE.md. */
export function readFloors(markdown: string): string[][] {
  const drawing = /^## Floors$[^]*?^```\n([^]*?)^```$/m.exec(markdown)?.[1] ?? '';
  const floors = drawing.split('\n').map((line) => /^\S+ +((?:[a-z]+\/ +)+)/.exec(line)?.[1]);
  return floors
    .flatMap((rooms) =>
      rooms === undefined
        ? []
        : [
            rooms
              .trim()
              .split(/\/ *\b|\/$/)
              .filter(Boolean),
          ],
    )
    .reverse();
}

/**
 * What a source names in `import … from`, `export … from`, `import '…'`, `import('…')` and `new URL('…', import.meta.url)`.
 * Statements are looked for at the start of a line: the formatter puts them there.
 */
export function readImports(source: string): string[] {
  const kinds = [
    /^(?:import|export)\b[\w\s{},*$]*?\bfrom\s+(['"])(.+?)\1/gm,
    /^import\s+(['"])(.+?)\1/gm,
    /\bimport\s*\(\s*(['"])(.+?)\1/g,
    /\bnew URL\(\s*(['"])(.+?)\1,\s*import\.meta/g,
  ];
  const targets = kinds.flatMap((kind) => [...source.matchAll(kind)].map((match) => match[2] ?? ''));
  return /\bimport\s*\(\s*(?!['"])/.test(source) ? [...targets, 'a computed path'] : targets;
}

const TEST_ONLY = /\.(?:test|contract|fixture)\.ts$|^testing\//;
/** The ground: nothing on it reads files, starts processes or opens connections. */
const PURE_FLOOR = 1;
const PURE_MODULES = new Set(['node:crypto', 'node:zlib', 'node:util']);

/**
 * What is wrong with an import, or undefined.
 *
 * @param file path below src/, as in `disk/scan.ts`
 * @param packages names of the packages that the published package depends on
 */
export function judge(
  floors: readonly string[][],
  packages: readonly string[],
  file: string,
  target: string,
): string | undefined {
  const testOnly = TEST_ONLY.test(file);
  const floorOf = (path: string) => floors.findIndex((rooms) => rooms.includes(path.split('/')[0] ?? ''));
  const floor = file === 'index.ts' ? floors.length : floorOf(file);

  if (!target.startsWith('.')) {
    if (testOnly) return undefined;
    if (target.startsWith('node:')) {
      return floor === PURE_FLOOR && !PURE_MODULES.has(target)
        ? 'a pure room touches the outside world'
        : undefined;
    }
    return packages.some((name) => target === name || target.startsWith(`${name}/`))
      ? undefined
      : 'not a dependency';
  }

  const path = normalize(join(dirname(file), target));
  if (path.startsWith('..')) return testOnly ? undefined : 'it leaves src/';
  if (TEST_ONLY.test(path)) return testOnly ? undefined : 'it is for tests only';
  if (file.startsWith('testing/') || path.split('/')[0] === file.split('/')[0]) return undefined;
  if (floorOf(path) === -1) return 'no such room';
  if (floorOf(path) >= floor) return floorOf(path) === floor ? 'it looks sideways' : 'it looks up';
  return testOnly || /^[a-z]+\/index\.ts$/.test(path) ? undefined : 'it does not go through index.ts';
}
