import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

const ROOMS = readdirSync('src', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'testing')
  .map(({ name }) => name);

function readRules(specification: string): string[] {
  return [...specification.matchAll(/^- \*\*\[([A-Z]+\d+)\]\*\* \S/gm)].map((match) => match[1] ?? '');
}

/** A citation is a string that starts with `[T4]` or `[T4] [T5]`: the name of a test, or of a row in its table. */
function readCitations(test: string): string[] {
  const names = test.matchAll(/['"`]((?:\[[A-Z]+\d+\] ?)+)/g);
  return [...names].flatMap((name) => (name[1] ?? '').match(/[A-Z]+\d+/g) ?? []);
}

const rules = new Map(
  ROOMS.map((room) => {
    const path = `src/${room}/SPEC.md`;
    return [room, existsSync(path) ? readRules(readFileSync(path, 'utf8')) : []];
  }),
);
const tests = globSync(['src/**/*.{test,contract}.ts', 'test/**/*.test.ts'], {
  exclude: ['test/spec.test.ts'],
});
const citations = new Set(tests.flatMap((path) => readCitations(readFileSync(path, 'utf8'))));
const all = [...rules.values()].flat();

it('every room has rules, under a letter of its own', () => {
  const letters = [...rules].map(([room, ids]) => ({
    room,
    letters: new Set(ids.map((id) => id.replace(/\d+/, ''))),
  }));
  expect(letters.filter((each) => each.letters.size !== 1).map((each) => each.room)).toEqual([]);
  expect(new Set(letters.flatMap((each) => [...each.letters])).size).toBe(ROOMS.length);
});

it('no rule has the number of another', () => {
  expect(all.filter((id, at) => all.indexOf(id) !== at)).toEqual([]);
});

it('every rule is proven by a test', () => {
  expect(all.filter((id) => !citations.has(id))).toEqual([]);
  // A check that sees nothing must not pass.
  expect(all.length).toBeGreaterThan(40);
});

it('tests cite only rules that exist', () => {
  expect([...citations].filter((id) => !all.includes(id))).toEqual([]);
});

it('finds rules and citations where they stand', () => {
  expect(readRules('# T\n- **[T1]** one.\n- [T2] not marked\n- **[T3]** three')).toEqual(['T1', 'T3']);
  expect(readCitations("it('[T1] [T2] holds', f); it(`[T3] too`, f); // [T4]\nconst x = a[T5];")).toEqual([
    'T1',
    'T2',
    'T3',
  ]);
});
