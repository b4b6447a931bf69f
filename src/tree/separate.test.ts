import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { nameFlaw } from './limits.ts';
import { gone, layersOf, linesOf, orderOf } from './merge.fixture.ts';
import { mergeTrees } from './merge.ts';
import { taskDirectory } from './separate.ts';

const precedes = orderOf('A<B');

it('[T31] each writer has what it saved in a directory of its own', async () => {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, [
    ['A', { x: 1, y: { z: 1 } }],
    ['B', { x: gone, y: 2 }],
    ['B', { y: { k: 3 } }],
  ]);
  const policy = { kind: 'separate', directoryOf: (writer: number) => utf8(['z', 'a'][writer]!) } as const;
  const merged = await mergeTrees(nodes.source, nodes.sink, layers, { policy, precedes });
  expect(merged.kind === 'merged' && (await linesOf(nodes, merged.root.tree))).toBe('a/y/k=3 z/x=1 z/y/z=1');
});

it.each([
  ['build', 'build'],
  ['../x', '..%2Fx'],
  ['..', '%2E%2E'],
  ['.', '%2E'],
  ['...', '...'],
  ['', '%'],
  ['%', '%25'],
  ['a b/ü', 'a%20b%2F%C3%BC'],
  ['a\0b\n', 'a%00b%0A'],
  ['__proto__', '__proto__'],
  ['~', '%7E'],
  ['y'.repeat(255), 'y'.repeat(255)],
])('[T31] the task %j is in the directory %j', (task, name) => {
  expect(Buffer.from(taskDirectory(task)).toString()).toBe(name);
});

it('[T31] names of directories are legal, and differ where names of tasks do', () => {
  const task = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('.', '/', '%', '2', 'E', '~') }),
  );
  const long = fc
    .tuple(task, fc.integer({ min: 240, max: 400 }))
    .map(([end, count]) => 'n'.repeat(count) + end);
  fc.assert(
    fc.property(fc.oneof(task, long), fc.oneof(task, long), (a, b) => {
      const [one, other] = [taskDirectory(a), taskDirectory(b)];
      expect([nameFlaw(one), nameFlaw(other)]).toEqual([undefined, undefined]);
      expect(toHex(one) === toHex(other)).toBe(toHex(utf8(a)) === toHex(utf8(b)));
    }),
    { numRuns: 300 },
  );
});

it.each(['..', '', 'a/b', 'same'])('[T31] a directory %j for all is refused', async (name) => {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, [
    ['A', { x: 1 }],
    ['B', { x: 1 }],
  ]);
  const policy = { kind: 'separate', directoryOf: () => utf8(name) } as const;
  await expectCode('bad_input', mergeTrees(nodes.source, nodes.sink, layers, { policy, precedes }));
});
