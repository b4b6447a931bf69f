import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { checkGlob, parseGlob } from './glob.ts';
import { PathSelector } from './paths.ts';
import { PatternError } from './program.ts';

const selector = (...globs: string[]) => new PathSelector(globs);

it.each<[string[], string, boolean]>([
  [['**'], 'a', true],
  [['**'], 'a/b', true],
  [['**'], '.a/.b', true],
  [['*'], '.a', true],
  [['*'], 'a/b', true],
  [['*.go'], 'a/b.go', false],
  [['**/*.go'], 'b.go', true],
  [['**/*.go'], 'a/b/c.go', true],
  [['**/*.go'], 'a/b/c.goo', false],
  [['a/**'], 'a', false],
  [['a/**'], 'a/b', true],
  [['a/**'], 'ab', false],
  [['a/**/b'], 'a/b', true],
  [['a/**/b'], 'a/x/y/b', true],
  [['a/**/b'], 'a/x/y/b/c', true],
  [['a/**/b'], 'a/x/y/c', false],
  [['**/**/a'], 'a', true],
  [['**/a/**'], 'x/a/y', true],
  [['**/a/**'], 'x/a', false],
  [['a**b'], 'axxb', true],
  [['a**b'], 'a/b', false],
  [['./a/'], 'a', true],
  [['./a/'], 'a/b', true],
  [['a//b/./c'], 'a/b/c', true],
  [['.'], 'a', true],
  [['./'], 'a/b', true],
  [['a?c'], 'abc', true],
  [['a?c'], 'a💥c', true],
  [['a?c'], 'ac', false],
  [['[a-c]x'], 'bx', true],
  [['[^a-c]x'], 'bx', false],
  [['[!a-c]x'], 'dx', true],
  [['[a\\]]x'], ']x', true],
  [['{a,b/c}/d'], 'b/c/d', true],
  [['{a,b/c}/d'], 'b/d', false],
  [['{a,{b,c}d}'], 'cd', true],
  [['{,a}b'], 'b', true],
  [['[{,}]'], ',', true],
  [['\\*'], '*', true],
  [['\\*'], 'a', false],
  [['\\{a,b\\}'], '{a,b}', true],
  [['a,b'], 'a,b', true],
  [['!a'], '!a', true],
  [['!a'], 'b', false],
  [['+(a)'], 'aa', false],
  [['a', 'b'], 'b', true],
])('[P15] %j and the file %j: %s', (globs, path, taken) => {
  expect(selector(...globs).select(path, false)).toBe(taken ? 'take' : 'skip');
});

it.each<[string, string, string]>([
  ['a/b/*.go', '', 'enter'],
  ['a/b/*.go', 'a', 'enter'],
  ['a/b/*.go', 'a/b', 'enter'],
  ['a/b/*.go', 'a/c', 'skip'],
  ['a/b/*.go', 'b', 'skip'],
  ['a/b', 'a/b', 'take'],
  ['a/b', 'a/b/c', 'take'],
  ['a/**', 'a', 'enter'],
  ['**/x', 'a/b/c', 'enter'],
  ['.', '', 'take'],
  ['**', '', 'enter'],
  ['**', 'a', 'take'],
])('[P16] %j and the directory %j: %s', (glob, path, selection) => {
  expect(selector(glob).select(path, true)).toBe(selection);
});

it('[P16] globs that took nothing are told, also those below a directory that is taken', () => {
  const select = selector('bin', 'bin/tool', '{a,b}.txt', 'none/**', '.');
  for (const [path, isDirectory] of [
    ['bin', true],
    ['bin/tool', false],
    ['b.txt', false],
    ['none', true],
  ] as const)
    select.select(path, isDirectory);
  expect(select.unmatched()).toEqual(['none/**']);
});

it.each([
  ['', 'is empty'],
  ['/a', 'starts with /'],
  ['a/../b', 'leads out by ..'],
  ['..', 'leads out by ..'],
  ['{a,..}', 'leads out by ..'],
  ['[a', 'a [ that is not closed'],
  ['[a/b]', 'a [ that is not closed'],
  ['[]', 'nothing in it'],
  ['[b-a]', 'ends before it begins'],
  ['{a', 'a { that is not closed'],
  ['a}', 'a } that closes nothing'],
  ['a\\', 'ends with a backslash'],
  ['a\0', 'NUL'],
  ['x'.repeat(1001), 'longer than 1000'],
  ['{a,b}'.repeat(9), 'too many braces'],
  ['{'.repeat(11), 'too many braces'],
])('[P17] %j is no glob: %s', (glob, message) => {
  expect(() => checkGlob(glob)).toThrow(PatternError);
  expect(() => checkGlob(glob)).toThrow(message);
});

const name = fc
  .string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 3 })
  .filter((each) => !/^\.+$/.test(each));
const path = fc.array(name, { minLength: 1, maxLength: 4 });
const segment = fc.oneof(
  fc.constant('**'),
  fc
    .string({ unit: fc.constantFrom('a', 'b', '*', '?', '.', '[ab]', '{a,b}'), minLength: 1, maxLength: 4 })
    .filter((each) => !/^\.+$|^\*\*$/.test(each)),
);

/** The same by JavaScript's expressions, and by trying each directory above. */
function naive(segments: readonly string[], names: readonly string[]): boolean {
  const body = segments
    .map((each, at) => {
      if (each === '**') return at === segments.length - 1 ? '.+' : '(?:[^/]+/)*';
      const text = each.replace(/\*+|\?|\.|\{a,b\}/g, (part) =>
        part[0] === '*' ? '[^/]*' : part === '?' ? '[^/]' : part === '.' ? '\\.' : '[ab]',
      );
      return at === segments.length - 1 ? text : `${text}/`;
    })
    .join('');
  const expression = new RegExp(`^(?:${body})$`);
  return names.some((_, end) => expression.test(names.slice(0, end + 1).join('/')));
}

it('[P15] [P16] a selector takes what a naive one takes, in whatever order it is asked', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      fc.array(path, { maxLength: 8 }),
      (segments, paths) => {
        const select = selector(segments.join('/'));
        for (const names of paths) {
          const expected = naive(segments, names);
          if (expected) taken++;
          expect(select.select(names.join('/'), false)).toBe(expected ? 'take' : 'skip');
          // No way to something that is taken is closed.
          for (const end of expected ? names.keys() : [])
            expect(select.select(names.slice(0, end).join('/'), true)).not.toBe('skip');
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(500);
});

it('[P17] what passes the check is used without an error', () => {
  const odd = fc.string({ unit: fc.constantFrom(...'ab{},[]-\\*?/.!^💥'), maxLength: 25 });
  let passed = 0;
  fc.assert(
    fc.property(odd, (glob) => {
      let alternatives: number;
      try {
        alternatives = checkGlob(glob);
      } catch (error) {
        return void expect(error).toBeInstanceOf(PatternError);
      }
      passed++;
      expect(parseGlob(glob)).toHaveLength(alternatives);
      selector(glob).select('a/b', false);
    }),
    { numRuns: 10_000 },
  );
  expect(passed).toBeGreaterThan(1000);
});

it('[P17] a glob of stars takes no time', { timeout: 3000 }, () => {
  expect(selector('*a'.repeat(400)).select('a'.repeat(255) + 'b', false)).toBe('skip');
  expect(selector(`${'**/'.repeat(300)}x`).select('a/'.repeat(2000) + 'b', false)).toBe('skip');
});
