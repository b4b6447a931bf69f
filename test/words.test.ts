import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

/** Words that say nothing, or that mean something else elsewhere; docs/design.md has ours. */
const EMPTY_WORDS = new Set(['blob', 'repository', 'repositories', 'manager', 'helper', 'util', 'utils']);

/** Where such a word is somebody else's name. */
const FOREIGN_NAMES = /'node:util'|'util-linux'|'blob'|\bBLOB\b/g;

/** The project speaks of itself alone: nothing of the place where it is made. */
const WORKPLACE =
  /\bregistry\.[a-z]|npmjs|\.\.\/shared|(?<![\w.-])\/work\/|\bissue #?\d|\bticket\b|\bthe lead\b/gi;

function emptyWords(text: string): string[] {
  const words = text
    .replace(FOREIGN_NAMES, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.filter((word) => EMPTY_WORDS.has(word) || EMPTY_WORDS.has(word.replace(/s$/, '')));
}

const SKIPPED = /(?:^|\/)(?:node_modules|dist|coverage|\.git|\.compile-cache)(?:\/|$)/;
const files = globSync(['**/*', '.ci/*', '.npmrc', '.oxlintrc.json', '.oxfmtrc.json'], {
  withFileTypes: true,
  exclude: (entry) => SKIPPED.test(entry.name),
})
  .filter((entry) => entry.isFile())
  .map((entry) => relative('.', join(entry.parentPath, entry.name)))
  .filter((path) => path !== 'test/words.test.ts');

it('the sources use words that mean something', () => {
  const sources = files.filter((path) => path.startsWith('src/'));
  const found = sources.flatMap((path) =>
    emptyWords(`${path}\n${readFileSync(path, 'utf8')}`).map((word) => `${path}: ${word}`),
  );
  expect(found).toEqual([]);
  expect(sources.length).toBeGreaterThan(50);
});

it('no file speaks of the place where it was made', () => {
  const found = files.flatMap((path) =>
    (readFileSync(path, 'utf8').match(WORKPLACE) ?? []).map((word) => `${path}: ${word}`),
  );
  expect(found).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(['ARCHITECTURE.md', 'bin/strata', '.ci/run', 'scripts/test']));
});

it('finds a word inside a name', () => {
  expect(emptyWords('BlobStore, pathUtils, PACK_MANAGER, futile, utility')).toEqual([
    'blob',
    'utils',
    'manager',
  ]);
  expect(emptyWords("import { promisify } from 'node:util'; column('root', 'blob')")).toEqual([]);
});
