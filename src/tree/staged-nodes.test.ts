import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { walk } from './read.ts';
import { references } from './references.ts';
import { StagedNodes } from './staged-nodes.ts';
import { all, anyTree, files, plant } from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

const empty: Plan = { kind: 'directory', mode: 0, mtime: 0, below: [] };

/** One node is needed by two, of which one lies below the other. */
const twice: Plans = [
  [utf8('a'), empty],
  [utf8('c'), { ...empty, below: [[utf8('b'), empty]] }],
];

const rootOf = (tree: ReturnType<typeof plant>) => ({ mode: 0o755, mtime: 0, tree });

it('[T37] what is staged is read at once, and only what a tree needs goes on, those below first', async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, anyTree, async (plans, others) => {
      const below = new MemoryNodes();
      const staged = new StagedNodes(below.source);
      const tree = plant(staged.sink, plans);
      plant(staged.sink, others);
      const alone = new MemoryNodes();
      const expected = plant(alone.sink, plans);
      expect(toHex(tree.node)).toBe(toHex(expected.node));
      expect(await all(walk(staged.source, tree))).toEqual(await all(walk(alone.source, expected)));

      const moved = new MemoryNodes();
      const order: string[] = [];
      staged.moveTo(
        {
          node: (bytes) => {
            const id = moved.sink.node(bytes);
            for (const need of references(id, bytes).nodes) expect(order).toContain(toHex(need));
            order.push(toHex(id));
            return id;
          },
        },
        rootOf(tree),
      );
      expect(await all(walk(staged.source, tree))).toHaveLength((await all(walk(alone.source, tree))).length);
      staged.moveTo({ node: () => expect.fail('it was moved before') }, rootOf(tree));
      expect(order.toSorted()).toEqual([...alone.nodes.keys()].toSorted());
    }),
    { numRuns: 100, examples: [[twice, []]] },
  );
});

it('[T37] what is below is found, and not moved', async () => {
  const below = new MemoryNodes();
  const tree = plant(below.sink, files(2000));
  const staged = new StagedNodes(below.source);
  expect(await all(walk(staged.source, tree))).toHaveLength(2000);
  const moved = new MemoryNodes();
  staged.moveTo(moved.sink, rootOf(tree));
  expect(moved.nodes.size).toBe(0);
  await expectCode('integrity', staged.source.node(plant(new MemoryNodes().sink, files(3)).node));
});
