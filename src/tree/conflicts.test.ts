import fc from 'fast-check';
import { expect, it } from 'vitest';

import { compareBytes, utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { ConflictList } from './conflicts.ts';
import type { ConflictWriter, MergeConflict } from './conflicts.ts';
import { entryDigest } from './entry-digest.ts';
import type { Entry } from './entry.ts';
import type { Path } from './path.ts';
import { pathBytes } from './path.ts';
import { entryOf, file } from './tree.fixture.ts';

const { sink } = new MemoryNodes();
const ENTRIES: readonly Entry[] = [
  ...[1, 2, 3].map((content) => entryOf(sink, utf8('f'), file(content))),
  entryOf(sink, utf8('l'), { kind: 'symlink', mode: 0o777, mtime: 0, target: 'away' }),
  entryOf(sink, utf8('d'), { kind: 'directory', mode: 0o750, mtime: 0, below: [] }),
  entryOf(sink, utf8('w'), { kind: 'whiteout' }),
];

interface Claimed {
  readonly layer: number;
  readonly entry: Entry;
}

function writerOf({ layer, entry }: Claimed): ConflictWriter {
  return { layer, kind: entry.kind, mode: entry.mode, digest: entryDigest(entry) };
}

const claims = fc.array(
  fc.record({ layer: fc.integer({ min: 0, max: 0xffff_ffff }), entry: fc.constantFrom(...ENTRIES) }),
  { minLength: 1, maxLength: 5 },
);
// Of these some are as long as a page.
const name = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', 'a.', 'a0', 'b', '!').map(utf8) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(400_000, 1_100_000).map((length) => new Uint8Array(length).fill(0x62)),
  },
);
const path = fc.array(name, { minLength: 1, maxLength: 4 });

it('[T28] conflicts come back as they were, in the order of the bytes of their paths', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, claims), { maxLength: 30 }), (all) => {
      const list = new ConflictList();
      for (const [at, each] of all) expect(list.add(at, each)).toBe(true);
      list.sort();
      const expected = all
        .map(([at, each]): MergeConflict => ({ path: at, writers: each.map(writerOf) }))
        .toSorted((a, b) => compareBytes(pathBytes(a.path), pathBytes(b.path)));
      const plain = ({ path: names, writers }: MergeConflict) => ({ path: hashes(names), writers });
      expect([...list].map(plain)).toEqual(expected.map(plain));
      expect(list.map(plain)).toEqual(expected.map(plain));
      expect(list.length).toBe(all.length);
      expect(list.at(-1)?.writers).toEqual(expected.at(-1)?.writers);
      expect(list.at(all.length)).toBe(undefined);
    }),
    { numRuns: 200 },
  );
});

/** Long names are dear to compare as arrays. */
function hashes(names: Path): string[] {
  return names.map((each) => Buffer.from(each).toString('latin1'));
}

it('[T28] what has no room is not added, and what is there stays as it is', () => {
  const list = new ConflictList(1000);
  const one = [{ layer: 0, entry: ENTRIES[0]! }];
  let added = 0;
  while (list.add([utf8(`n${added}`)], one)) added++;
  expect(added).toBeGreaterThan(10);
  expect(list.add([utf8('x'.repeat(1000))], one)).toBe(false);
  expect(list.length).toBe(added);
  expect(list.at(0)?.path).toEqual([utf8('n0')]);
});
