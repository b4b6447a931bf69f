import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { isStrataError, utf8 } from '../base/index.ts';
import { displayPath, joinPath, parsePath, pathB64, pathBytes, pathJson } from './path.ts';
import { anyName, pathKey } from './tree.fixture.ts';

const anyPath = fc.array(anyName, { maxLength: 4 });

it.each([
  ['', []],
  ['.', []],
  ['./', []],
  ['a', ['a']],
  ['a/b/c', ['a', 'b', 'c']],
  ['./a/b', ['a', 'b']],
  ['././a', ['a']],
  ['a/b/', ['a', 'b']],
  ['...', ['...']],
  ['.a/..b', ['.a', '..b']],
  ['a b\n/é', ['a b\n', 'é']],
  ['a\\b/\\xg0', ['a\\b', '\\xg0']],
  ['\\\\x41/\\x41', ['\\x41', 'A']],
])('[T1] %j is read', (text, names) => {
  expect(pathKey(parsePath(text))).toBe(pathKey(names.map(utf8)));
});

it.each([
  '/',
  '/a',
  'a//b',
  'a//',
  './/a',
  '..',
  '../a',
  'a/..',
  'a/./b',
  'a/.',
  'a\0b',
  'x'.repeat(256),
  'a/'.repeat(8193),
])('[T1] %j is refused', (text) => {
  let error: unknown;
  try {
    parsePath(text);
  } catch (caught) {
    error = caught;
  }
  expect(isStrataError(error, 'bad_input')).toBe(true);
  expect((error as Error).message).not.toContain('\0');
});

it('[T1] a path is read back from its bytes, and from its print', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      expect(pathKey(parsePath(pathBytes(path)))).toBe(pathKey(path));
      expect(pathKey(parsePath(displayPath(path)))).toBe(pathKey(path));
    }),
  );
});

it.each<[string, number[] | string, string]>([
  ['plain', 'src/index.ts', 'src/index.ts'],
  ['composed', 'é', 'é'],
  ['a character of four bytes', '😀', '😀'],
  ['a newline', 'a\nb', 'a\\x0ab'],
  ['an escape sequence', '\x1b[2J', '\\x1b[2J'],
  ['DEL', '\x7f', '\\x7f'],
  ['a C1 control', '\u009b', '\\xc2\\x9b'],
  ['a turn of direction', '\u202etxt', '\\xe2\\x80\\xaetxt'],
  ['a line separator', '\u2028', '\\xe2\\x80\\xa8'],
  ['a byte order mark', '\ufeffa', '\ufeffa'],
  ['a backslash', 'a\\x0a', 'a\\\\x0a'],
  ['a byte that is not UTF-8', [0x61, 0xff, 0x62], 'a\\xffb'],
  ['a cut sequence', [0xc3, 0xa9, 0xe2, 0x82], 'é\\xe2\\x82'],
  ['a surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
  ['an overlong form', [0xc0, 0xaf], '\\xc0\\xaf'],
])('[T2] %s is printed', (_, bytes, text) => {
  const path = parsePath(typeof bytes === 'string' ? utf8(bytes) : Uint8Array.from(bytes));
  expect(displayPath(path)).toBe(text);
  expect(pathJson(path)).toEqual(bytes === text ? { path: text } : { path: text, pathB64: pathB64(path) });
});

it('[T2] different paths print differently, on one line', () => {
  fc.assert(
    fc.property(anyPath, anyPath, (a, b) => {
      expect(displayPath(a) === displayPath(b)).toBe(pathKey(a) === pathKey(b));
      expect(displayPath(a)).not.toMatch(/\p{Cc}/u);
    }),
  );
});

it('[T2] JSON is exact', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const json = pathJson(path);
      const exact = json.pathB64 === undefined ? utf8(json.path) : Buffer.from(json.pathB64, 'base64');
      expect(pathKey(parsePath(exact))).toBe(pathKey(path));
    }),
  );
});

it('[T2] a longer path does not change the one that it came from', () => {
  const path = parsePath('a');
  expect(displayPath(joinPath(path, utf8('b'), utf8('c')))).toBe('a/b/c');
  expect(displayPath(path)).toBe('a');
});
