import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { isStrataError } from '../base/index.ts';
import { GO_PROJECT, refusal, tasksFile } from './plan.fixture.ts';
import { readRunFile } from './run-file.ts';

const LIMIT = 1_048_576;

it('[P7] a megabyte with ten thousand tasks', { timeout: 30_000 }, async () => {
  const tasks = Array.from(
    { length: 10_000 },
    (_, at) =>
      `{ name: task-${at}, depends: [${at > 0 ? `task-${at - 1}` : ''}], steps: [clone, { run: make all -j2 }] }`,
  );
  const text = tasksFile(...tasks);
  const padded = `${text}#${' '.repeat(LIMIT - text.length - 1)}`;
  expect((await readRunFile(padded, 'a.yml')).runs[0]!.tasks).toHaveLength(10_000);
  expect((await refusal(`${padded} `)).message).toBe(
    'run.yml:1:1: the file has more than 1048576 characters',
  );
});

const many = (count: number, make: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => make(at));

it.each<[string, string]>([
  ['unknown keys', tasksFile(`{ name: t, ${many(60_000, (at) => `k${at}: 1`).join()} }`)],
  ['long unknown keys', tasksFile(...many(5000, (at) => `{ name: t${at}, ${'k'.repeat(100)}: 1 }`))],
  [
    'unknown dependencies',
    tasksFile(
      ...many(
        9000,
        (at) => `{ name: some-long-name-of-a-task-${at}, depends: [some-long-name-of-a-tusk-${at}] }`,
      ),
    ),
  ],
  ['equal tasks', tasksFile(...many(10_000, () => 'name: t'))],
  ['equal dependencies', tasksFile('name: a', `{ name: b, depends: [${'a,'.repeat(150_000)}] }`)],
  ['circles', tasksFile(...many(10_000, (at) => `{ name: t${at}, depends: [t${at ^ 1}] }`))],
  [
    'all wait for all',
    tasksFile(
      ...many(300, (at) => `{ name: t${at}, depends: [${many(300, (other) => `t${other}`).join()}] }`),
    ),
  ],
  [
    'restores from everywhere',
    tasksFile(
      ...many(
        7000,
        (at) =>
          `{name: t${at}, depends: [${at > 0 ? `t${at - 1}` : ''}], steps: [restore_workspace: {tasks: [t${at + 1}]}]}`,
      ),
    ),
  ],
  [
    'globs with braces',
    tasksFile(
      `{ name: t, steps: [save_to_workspace: { contents: [{ paths: [${'"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",'.repeat(10_000)}] }] }] }`,
    ),
  ],
  [
    'expressions',
    tasksFile(...many(6000, (at) => `{ name: t${at}, when: { branch: "/(((a{9}){9}){9})*${at}/" }, x: 1 }`)),
  ],
  ['an alias bomb', `a: &a [x]\n${many(20, (at) => `b${at}: &b${at} [*a,*a]`).join('\n')}`],
  ['one long name', tasksFile(`name: ${'x'.repeat(1_000_000)}`)],
  ['one long wrong kind', tasksFile(`{ name: t, steps: [${'r'.repeat(900_000)}: 1] }`)],
  ['escapes of a terminal', tasksFile('{ name: t, "\\e[2J\\n\\e[31m": 1 }')],
])('[P7] %s: one error, in time, and no longer than a screen', { timeout: 30_000 }, async (_, text) => {
  expect(text.length).toBeLessThan(LIMIT);
  const error = await refusal(text);
  expect(error.message.split('\n').length).toBeLessThanOrEqual(21);
  expect(error.message.length).toBeLessThan(10_000);
  expect(error.message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(JSON.stringify(error.details).length).toBeLessThan(500_000);
});

it(
  '[P7] whatever is done to a file: a run file, or one error that says where',
  { timeout: 60_000 },
  async () => {
    const lines = GO_PROJECT.split('\n');
    const edits = fc.array(
      fc.record({
        line: fc.nat(lines.length - 1),
        column: fc.nat(60),
        cut: fc.nat(8),
        text: fc.oneof(
          fc.constantFrom(
            '',
            ':',
            '- ',
            '[',
            '{',
            '}',
            '"',
            '\t',
            '#',
            '|',
            '&a',
            '*a',
            '!!x',
            '__proto__',
            '\0',
            '\u202e',
            '\uD800',
            '~',
            '? ',
          ),
          fc.string({ maxLength: 5 }),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(edits, async (all) => {
        const text = [...lines];
        for (const { line, column, cut, text: put } of all) {
          const old = text[line]!;
          text[line] = old.slice(0, column) + put + old.slice(column + cut);
        }
        try {
          await readRunFile(text.join('\n'), 'a.yml');
        } catch (error) {
          refused++;
          if (!isStrataError(error)) throw error;
          expect(['bad_input', 'unknown_config_key']).toContain(error.code);
          expect(error.message).toMatch(/^a\.yml:[1-9]\d*:[1-9]\d*: ./);
        }
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(300);
  },
);
