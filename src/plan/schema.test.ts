import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

import { isStrataError } from '../base/index.ts';
import { GO_PROJECT } from './plan.fixture.ts';
import { readRunFile, runFileSchema } from './run-file.ts';
import { fits } from './schema.fixture.ts';

const schema = runFileSchema();

/** Whether the reader takes it. */
const isTaken = (value: unknown): Promise<boolean> =>
  readRunFile(JSON.stringify(value), 'a.json').then(
    () => true,
    (error: unknown) => {
      if (!isStrataError(error)) throw error;
      return false;
    },
  );

it('[P8] docs/run-file.schema.json is what the readers say; scripts/run-file-schema writes it', () => {
  expect(JSON.parse(readFileSync('docs/run-file.schema.json', 'utf8'))).toEqual(schema);
});

/** With all keys and forms that there are. */
const FULL = parse(GO_PROJECT) as { runs: { tasks: Record<string, unknown>[] }[] };
FULL.runs[0]!.tasks.push({
  name: 'all',
  working_dir: '/src',
  shell: '/bin/bash -e',
  user: 1000,
  runtime: {
    type: 'pod',
    labels: ['gpu'],
    containers: [{ image: 'i', user: 0, privileged: true, entrypoint: '/init' }],
  },
  depends: ['lint', { 'test amd64': null }],
  when: { branch: ['a', '/b/'], tag: { include: 'x' }, ref: 'refs/heads/a' },
  steps: [
    'clone',
    'restore_workspace',
    { clone: { depth: 1, recurse_submodules: true, name: 'get', when: { branch: 'a' } } },
    {
      type: 'run',
      command: 'x',
      working_dir: 'a',
      shell: 'sh',
      user: 'u',
      tty: false,
      environment: { A: 1 },
    },
    {
      save_to_workspace: {
        on: 'failure',
        if_no_files: 'error',
        deletions: true,
        contents: [{ source_dir: 'a', dest_dir: 'b', paths: ['**'] }],
      },
    },
    { restore_workspace: { on_conflict: 'separate', dest_dir: '~/x', tasks: ['lint'], paths: ['a'] } },
    { save_cache: { key: 'k', contents: [{}] } },
    { restore_cache: { keys: ['k'], dest_dir: '/go' } },
  ],
});

it('[P8] a file with every key is taken by both', async () => {
  expect(await isTaken(FULL)).toBe(true);
  expect(fits(FULL, schema, schema)).toBe(true);
});

type Json = unknown;

/** Every place in a value, as a list of keys. */
function* places(value: Json, path: (string | number)[] = []): Generator<(string | number)[], void> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** A copy in which something else stands at one place; undefined takes it away. */
function changed(
  value: Json,
  [step, ...rest]: readonly (string | number)[],
  change: (old: Json) => Json,
): Json {
  if (step === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item, at) => (at === step ? changed(item, rest, change) : item));
  const entries = Object.entries(value as object).map(([key, inner]): [string, Json] => [
    key,
    key === step ? changed(inner, rest, change) : inner,
  ]);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

const at = fc.constantFrom(...places(FULL));
const other = fc.oneof(
  fc.constantFrom<Json>(
    null,
    undefined,
    [],
    {},
    'clone',
    '',
    0,
    1,
    true,
    ['a'],
    { a: ['on_failure'] },
    'pod',
    { include: [] },
  ),
);

it('[P8] what the reader takes fits the schema, whatever is changed', { timeout: 60_000 }, async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(at, other, async (path, replacement) => {
      const value = changed(FULL, path, () => replacement);
      if (value === undefined || !(await isTaken(value))) return;
      taken++;
      expect(fits(value, schema, schema)).toBe(true);
    }),
    { numRuns: 1000 },
  );
  expect(taken).toBeGreaterThan(100);
});

it('[P8] a key that neither knows is refused by both, at every place', { timeout: 30_000 }, async () => {
  let tried = 0;
  for (const path of places(FULL)) {
    // In an environment every name is one.
    if (path.at(-1) === 'environment') continue;
    let isRecord = false;
    const value = changed(FULL, path, (old) => {
      isRecord = typeof old === 'object' && old !== null && !Array.isArray(old);
      return isRecord ? { ...(old as object), unknown: 1 } : old;
    });
    if (!isRecord) continue;
    tried++;
    expect([path, await isTaken(value), fits(value, schema, schema)]).toEqual([path, false, false]);
  }
  expect(tried).toBeGreaterThan(50);
});

it('[P8] the schema knows no key that the file above has not', () => {
  const used = new Set([...places(FULL)].map((path) => path.at(-1)));
  const known = new Set<string>();
  const look = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return;
    const properties = Object.entries((value as { properties?: Record<string, unknown> }).properties ?? {});
    // What is refused is no key.
    for (const [key, inner] of properties) if (!Object.hasOwn(inner as object, 'not')) known.add(key);
    Object.values(value).forEach(look);
  };
  look(schema);
  expect([...known].filter((key) => !used.has(key))).toEqual([]);
  expect(known.size).toBeGreaterThan(40);
});
