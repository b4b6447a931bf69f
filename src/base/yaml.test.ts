import { expect, it } from 'vitest';

import { parseYaml } from './yaml.ts';
import type { YamlNode } from './yaml.ts';

const LIMIT = 1_048_576;

/** The text of each scalar, so that a test can be read. */
function texts(node: YamlNode | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'list') return node.items.map(texts);
  return node.entries.map(({ key, value }) => [key, texts(value)]);
}

const told = async (text: string) => {
  const { root, flaws } = await parseYaml(text, LIMIT);
  expect(root).toBeUndefined();
  return flaws.list().map(({ line, column, message }) => `${line}:${column} ${message}`);
};

it.each([
  [
    'a: 1.20\nb: [yes, ~, "2"]',
    [
      ['a', '1.20'],
      ['b', ['yes', '~', '2']],
    ],
  ],
  ['{"a": {"b": [true, 0x1F]}}', [['a', [['b', ['true', '0x1F']]]]]],
  ['1: x\ntrue: y\na: &\n', undefined],
  [
    '1: x\ntrue: y\n',
    [
      ['1', 'x'],
      ['true', 'y'],
    ],
  ],
  [
    'a: "*b"\nc: |\n  *d\n  &e !f\n',
    [
      ['a', '*b'],
      ['c', '*d\n&e !f\n'],
    ],
  ],
  [
    'a: 1\na: 2',
    [
      ['a', '1'],
      ['a', '2'],
    ],
  ],
  ['__proto__: { a: 1 }', [['__proto__', [['a', '1']]]]],
  ['', undefined],
  ['# only\n---\n', ''],
  ['\uFEFFa: b', [['a', 'b']]],
  ['a:\r\n  - b\r\n', [['a', ['b']]]],
])('[B15] %j as it is written', async (text, expected) => {
  const { root } = await parseYaml(text, LIMIT);
  expect(texts(root)).toEqual(expected);
});

it('[B15] each value knows where it stands', async () => {
  const text = 'a:\n  - b: cc\n    d:\n';
  const { root } = await parseYaml(text, LIMIT);
  const places: string[] = [];
  const look = (node: YamlNode) => {
    places.push(text.slice(node.offset).split('\n')[0]!);
    if (node.kind === 'list') node.items.forEach(look);
    if (node.kind === 'map') node.entries.forEach(({ value }) => look(value));
  };
  look(root!);
  // A value that was left out stands where it would.
  expect(places).toEqual(['a:', '- b: cc', 'b: cc', 'cc', '']);
});

it.each([
  ['a: &x 1\nb: *x', ['1:4 an anchor', '2:4 an alias']],
  ['a: !!str 1', ['1:4 a tag']],
  ['%YAML 1.1\n---\na: yes', ['1:1 a directive']],
  ['a: 1\n---\nb: 2', ['2:1 a second document']],
  ['a: b: c', ['1:4 Nested mappings']],
  ['a: [1,,2]', ['1:7 there is nothing before this comma']],
  ['? [a]\n: b', ['1:3 ']],
  ['a: [', ['1:5 ']],
])('[B16] %j is refused where it stands', async (text, expected) => {
  const flaws = await told(text);
  expect(flaws).toHaveLength(expected.length);
  for (const [at, flaw] of flaws.entries()) expect(flaw).toContain(expected[at]);
});

const BOMB = `a: &a [x,x]\n${'bcdefghijkl'.replace(/./g, (key) => `${key}: &${key} [${`*${String.fromCharCode(key.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`;

it.each([
  ['a bomb of aliases', BOMB],
  ['brackets', '['.repeat(1_000_000)],
  ['brackets that close', '['.repeat(20_000) + ']'.repeat(20_000)],
  ['maps in maps', '{a: '.repeat(250_000)],
  ['lists in lists', '- '.repeat(500_000)],
  ['explicit keys', '? '.repeat(500_000)],
  ['commas', `[${','.repeat(1_000_000)}`],
  ['commas on lines of their own', `- [\n${'  ,\n'.repeat(200_000)}`],
  ['anchors', '&a '.repeat(300_000)],
  ['tags', '!!a '.repeat(200_000)],
  ['directives', '%A\n'.repeat(300_000)],
  ['an open quote', '"a'.repeat(300_000)],
  ['maps on one line', 'a: b: c\n'.repeat(120_000)],
  ['indentation', Array.from({ length: 1400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['items', `[${'1,'.repeat(500_000)}]`],
  ['documents', '---\n'.repeat(250_000)],
  ['too much', ' '.repeat(LIMIT + 1)],
])('[B17] %s: refused within seconds', { timeout: 30_000 }, async (_, text) => {
  const flaws = await told(text);
  expect(flaws.length).toBeGreaterThan(0);
  expect(flaws.length).toBeLessThanOrEqual(1000);
});

it('[B17] thirty levels are fine', async () => {
  const { flaws } = await parseYaml(`${'- '.repeat(14)}${'{a: '.repeat(15)}1${'}'.repeat(15)}`, LIMIT);
  expect(flaws.count).toBe(0);
});
