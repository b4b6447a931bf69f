import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ByteWriter, StrataError, compareBytes, sha256, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { DirectoryBuilder, packExtents } from '../tree/index.ts';
import type { Entry, Root, TreeRef } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import { save, scratch, stagingIn, state } from './scratch.fixture.ts';

interface RawEntry {
  readonly kind: number;
  readonly name: string;
  readonly target?: string;
  readonly tree?: TreeRef;
}

const EMPTY_FILE = new ByteWriter().u64(0).u8(0).u32(0).finish();

/** A page as an enemy with our keys would write it: nothing is checked, and the digest is true. */
function forge(content: MemoryContent, entries: readonly RawEntry[]): TreeRef {
  const node = new ByteWriter().u8(1).u8(1).u32(entries.length);
  const digest = new ByteWriter().bytes(utf8('strata page v1')).u32(entries.length);
  const summary = { files: 0, directories: 0, symlinks: 0, bytes: 0 };
  for (const { kind, name, target = '', tree } of entries) {
    for (const writer of [node, digest])
      writer
        .u8(kind)
        .u16(kind === 4 ? 0 : 0o755)
        .short(Buffer.from(name, 'latin1'));
    node.i64(0);
    if (kind === 1) for (const writer of [node, digest]) writer.bytes(EMPTY_FILE);
    if (kind === 3) for (const writer of [node, digest]) writer.short(utf8(target));
    if (tree !== undefined) {
      node.bytes(tree.node).bytes(tree.digest);
      for (const count of Object.values(tree.summary)) node.u64(count);
      digest.bytes(tree.digest);
      summary.files += tree.summary.files;
      summary.directories += tree.summary.directories;
      summary.symlinks += tree.summary.symlinks;
    }
    if (kind === 1) summary.files++;
    if (kind === 2) summary.directories++;
    if (kind === 3) summary.symlinks++;
  }
  return { node: content.sink.node(node.finish()), digest: sha256(digest.finish()), summary };
}

const root = (tree: TreeRef): Root => ({ mode: 0o755, mtime: 0, tree });
const file = (name: string): RawEntry => ({ kind: 1, name });
const link = (name: string, target: string): RawEntry => ({ kind: 3, name, target });

describe('a forged tree', () => {
  const escapes: [what: string, entries: (content: MemoryContent) => RawEntry[]][] = [
    ['..', () => [file('..')]],
    ['.', () => [file('.')]],
    ['an absolute name', () => [file('/etc/strata-escape')]],
    ['a name with a slash', () => [file('../strata-escape')]],
    ['an empty name', () => [file('')]],
    ['a name with NUL', () => [file('a\0b')]],
    ['a long name', () => [file('x'.repeat(256))]],
    ['two equal names', () => [file('a'), file('a')]],
    ['a link and a file through it', () => [link('a', '/tmp'), file('a/strata-escape')]],
    [
      'a link and a directory of its name',
      (content) => [link('a', '/tmp'), { kind: 2, name: 'a', tree: forge(content, [file('strata-escape')]) }],
    ],
    [
      'a directory and a link of its name',
      (content) => [{ kind: 2, name: 'a', tree: forge(content, [file('strata-escape')]) }, link('a', '/tmp')],
    ],
    ['names out of order', () => [file('b'), file('a')]],
    ['a link without a target', () => [link('a', '')]],
    ['a target with NUL', () => [link('a', 'b\0c')]],
    ['a whiteout', () => [{ kind: 4, name: 'a' }]],
    ['a kind that does not exist', () => [{ kind: 5, name: 'a' }]],
    [
      '.. as a directory',
      (content) => [{ kind: 2, name: '..', tree: forge(content, [file('strata-escape')]) }],
    ],
    [
      'a whiteout far below',
      (content) => [{ kind: 2, name: 'd', tree: forge(content, [{ kind: 4, name: 'a' }]) }],
    ],
  ];
  it.each(escapes)('[K16] with %s is refused', async (_, entries) => {
    const base = scratch();
    const content = new MemoryContent();
    const tree = forge(content, entries(content));
    await expectCode('integrity', restoreTree(content.source, root(tree), join(base, 'new')));
    mkdirSync(join(base, 'used', 'x'), { recursive: true });
    const before = state(base);
    await expectCode(
      'integrity',
      restoreTree(content.source, root(tree), join(base, 'used'), { overwrite: true }),
    );
    expect(state(base)).toBe(before);
  });

  it('[K16] that is its own child has no end, and is refused', async () => {
    const content = new MemoryContent();
    let tree = forge(content, []);
    for (let level = 0; level < 8200; level++) tree = forge(content, [{ kind: 2, name: 'd', tree }]);
    await expectCode('integrity', restoreTree(content.source, root(tree), join(scratch(), 'new')));
  });

  it('[K16] whose chunk is shorter than it says is refused', async () => {
    const base = scratch();
    const content = new MemoryContent();
    const builder = new DirectoryBuilder(content.sink);
    const extents = packExtents([{ chunk: content.sink.chunk(utf8('short')), length: 6 }]);
    builder.add({
      kind: 'file',
      name: utf8('f'),
      mode: 0o644,
      mtime: 0,
      size: 6,
      content: { form: 'inline', extents },
    });
    await expectCode('integrity', restoreTree(content.source, root(builder.finish()), join(base, 'new')));
    expect(readdirSync(base)).toEqual([]);
  });
});

describe('a tree of directories that are all the same', () => {
  it('[K5] heeds the signal, though nothing in it has to be waited for', async () => {
    const content = new MemoryContent();
    let tree = new DirectoryBuilder(content.nodes.sink).finish();
    for (let level = 0; level < 18; level++) {
      const builder = new DirectoryBuilder(content.nodes.sink);
      for (const name of ['a', 'b'])
        builder.add({ kind: 'directory', name: utf8(name), mode: 0o755, mtime: 0, tree });
      tree = builder.finish();
    }
    let reads = 0;
    const controller = new AbortController();
    const node: typeof content.source.node = (id) => {
      // As a key press does: by the event loop, not by whoever reads.
      if (reads++ === 0) setImmediate(() => controller.abort());
      return content.source.node(id);
    };
    const target = join(scratch(), 'target');
    const { signal } = controller;
    await expectCode('cancelled', restoreTree({ ...content.source, node }, root(tree), target, { signal }));
    expect(reads).toBeLessThan(10_000);
    expect(existsSync(target)).toBe(false);
  });
});

describe('links that lead outside', () => {
  it('[K16] are restored as they are, and nothing goes through them', async () => {
    const base = scratch();
    mkdirSync(join(base, 'outside'));
    const content = new MemoryContent();
    const below = forge(content, [file('strata-escape')]);
    const tree = forge(content, [
      { kind: 2, name: 'a', tree: below },
      link('b', join(base, 'outside')),
      link('c', '../outside'),
    ]);
    await restoreTree(content.source, root(tree), join(base, 'new'));
    // The same names the other way round: what was a link becomes a directory, and is not gone through.
    const swapped = forge(content, [
      link('a', '../outside'),
      { kind: 2, name: 'b', tree: below },
      { kind: 2, name: 'c', tree: below },
    ]);
    await expectCode(
      'conflict',
      restoreTree(content.source, root(swapped), join(base, 'new'), { overwrite: true }),
    );
    expect(readdirSync(join(base, 'outside'))).toEqual([]);
  });

  it('[K16] as staging directories are not swept', async () => {
    const base = scratch();
    mkdirSync(join(base, 'outside'));
    writeFileSync(join(base, 'outside', 'mine'), 'x');
    mkdirSync(join(base, 'used'));
    symlinkSync('../outside', join(base, 'used', `.strata-restore-1-1-${'0'.repeat(16)}-${'0'.repeat(16)}`));
    const content = new MemoryContent();
    await restoreTree(content.source, root(forge(content, [file('a')])), join(base, 'used'), {
      overwrite: true,
    });
    expect(readFileSync(join(base, 'outside', 'mine'), 'utf8')).toBe('x');
    expect(stagingIn(join(base, 'used'))).toEqual([]);
  });
});

it('[K16] nodes with changed bytes never do more than be refused', async () => {
  const base = scratch();
  mkdirSync(join(base, 'from', 'd'), { recursive: true });
  for (const name of ['a', 'b', 'd/c']) writeFileSync(join(base, 'from', name), name);
  symlinkSync('a', join(base, 'from', 'l'));
  const { content, root: saved } = await save(join(base, 'from'));
  const ids = [...content.nodes.nodes.keys()];
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, where, change) => {
      const target = join(base, `to ${round++}`);
      /** Verifies nothing: what a store with a stolen key could make us read. */
      const node = async (id: Sha256): Promise<Uint8Array> => {
        const key = Buffer.from(id).toString('hex');
        const stored = content.nodes.nodes.get(key);
        if (stored === undefined) return content.source.node(id);
        const bytes = Uint8Array.from(stored);
        if (key === ids[which % ids.length]) bytes[where % bytes.length]! ^= change;
        return bytes;
      };
      const error = await restoreTree({ ...content.source, node }, saved, target).catch(
        (reason: unknown) => reason,
      );
      if (error instanceof StrataError) expect(existsSync(target)).toBe(false);
      else expect(error).toHaveProperty('plan');
      expect(readdirSync(base).every((name) => name === 'from' || name.startsWith('to '))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('[K16] names in any order are put in the order of their bytes by whoever builds', () => {
  const names = ['a', 'B', '\u00ff', 'a-', 'a0'].map((name) => Buffer.from(name, 'latin1'));
  const entries = names
    .sort(compareBytes)
    .map((name): Entry => ({ kind: 'symlink', name, mode: 0o777, mtime: 0, target: utf8('t') }));
  const builder = new DirectoryBuilder(new MemoryContent().sink);
  for (const entry of entries) builder.add(entry);
  expect(builder.finish().summary.symlinks).toBe(5);
});
