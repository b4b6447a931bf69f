import { expect, it } from 'vitest';

import { Flaws } from './flaw.ts';
import { Place, count, flag, list, named, oneLine, oneOf, record, refine } from './reader.ts';
import type { Reader } from './reader.ts';
import { parseYaml } from './yaml.ts';

async function read<T>(reader: Reader<T>, text: string): Promise<{ value: T | undefined; flaws: string[] }> {
  const { root, flaws } = await parseYaml(text, 1000);
  const value = reader.read(root!, new Place(flaws));
  return { value, flaws: flaws.list().map(({ line, column, message }) => `${line}:${column} ${message}`) };
}

const person = record({ name: oneOf('a', 'b'), age: count(0, 150), old: flag }, ['name']);
const people = record({ people: list(person, 'people', 1) });

it('[B19] a record gives what is there, and a key without a value is as none', async () => {
  const { value, flaws } = await read(people, 'people:\n- name: a\n  age:\n  old: true\n- {name: b, age: 7}');
  expect(value).toEqual({
    people: [
      { name: 'a', old: true },
      { name: 'b', age: 7 },
    ],
  });
  expect(flaws).toEqual([]);
});

it.each([
  ['people: []', ['1:9 people has no people in it']],
  ['people: 7', ['1:9 people must be a list of people']],
  ['- a', ['1:1 the file must be a section: keys with their values']],
  ['people: [{}]', ['1:10 people[0] has no name']],
  ['people: [{name: }]', ['1:11 people[0].name has no value']],
  ['people: [{name: c}]', ['1:17 people[0].name must be one of a, b']],
  ['people: [{name: a, name: b}]', ['1:20 people[0].name is there twice']],
  ['people: [{name: a, age: 1.5}]', ['1:25 people[0].age must be a whole number from 0 to 150']],
  [
    'people: [{name: a, nmae: b}, {name: [a]}]',
    ['1:20 unknown key people[0].nmae', '1:37 people[1].name must be one of a, b'],
  ],
  ['__proto__: {}\nconstructor: {}', ['1:1 unknown key __proto__', '2:1 unknown key constructor']],
])('[B19] %j: all that is wrong, each at its place', async (text, expected) => {
  expect((await read(people, text)).flaws).toEqual(expected);
});

it('[B19] a refinement is not asked about what has a flaw', async () => {
  const even = refine(count(0, 9), (value, node, place) =>
    value % 2 === 0 ? value / 2 : place.flaw(node.offset, 'is odd'),
  );
  expect(await read(list(even, 'numbers'), '[4, 3, x]')).toEqual({
    value: [2],
    flaws: ['1:5 [1] is odd', '1:8 [2] must be a whole number from 0 to 9'],
  });
});

it('[B20] a reader describes itself, and what is named once', () => {
  const definitions = new Map();
  const one = named('person', person);
  expect(record({ boss: one, people: list(one, 'people', 1) }, ['boss']).schema(definitions)).toEqual({
    type: 'object',
    additionalProperties: false,
    required: ['boss'],
    properties: {
      boss: { $ref: '#/$defs/person' },
      people: {
        anyOf: [{ type: 'array', items: { $ref: '#/$defs/person' }, minItems: 1 }, { type: 'null' }],
      },
    },
  });
  expect([...definitions.keys()]).toEqual(['person']);
});

it.each([
  ['plain text', 'plain text'],
  ['a\u001b[31mred', '"a\\u001b[31mred"'],
  ['a\nb', '"a\\nb"'],
  ['a\u202eb', '"a\ufffdb"'],
  ['x'.repeat(200), `${'x'.repeat(80)}…`],
])('[B18] %j in a message', (text, expected) => {
  expect(oneLine(text)).toBe(expected);
  const place = new Place(new Flaws('')).at(text).at(3);
  expect(`${place}`).toBe(`${expected}[3]`);
});
