import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { StrataError, toHex } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { makeOddTree, noise } from '../testing/odd-tree.ts';
import { contents, failing } from '../testing/stores.ts';
import { VaultReader } from '../vault/reader.ts';
import type { VaultWriter } from '../vault/writer.ts';
import { KEYRING, indexOf, writerOver } from '../vault/writer.fixture.ts';
import type { Progress } from './pace.ts';
import { Ranges, rangesOf } from './ranges.ts';
import { restoreTree } from './restore.ts';
import { SaveThreads } from './save-threads.ts';
import { opened } from './opened.fixture.ts';
import { ScanAhead } from './scan-ahead.ts';
import { scanDirectory } from './scan.ts';
import { scratch } from './scratch.fixture.ts';

const MIB = 1024 * 1024;

/** The simple path: one thread, chunks in a Map, cut as that tenant's. */
async function simply(directory: string) {
  const content = new MemoryContent();
  const { root } = await scanDirectory(directory, { ...content.sink, cutTables: KEYRING.cutTables });
  return { root, chunks: [...content.chunks.keys()].sort() };
}

/** Files last changed long enough ago that nobody has to wait before reading them. */
function age(directory: string): void {
  spawnSync('sleep', ['0.03']);
  expect(statSync(directory).isDirectory()).toBe(true);
}

const chunksOf = async (store: Store, writer: VaultWriter) => {
  const { tables } = await writer.finish();
  const rows = tables
    .filter(({ type }) => type === 'data')
    .flatMap(({ blocks }) => blocks.flatMap((block) => block.chunks));
  expect(await contents(store)).toBeDefined();
  return rows.map(({ id }) => toHex(id)).sort();
};

const tree = fc.array(
  fc.record({
    directory: fc.constantFrom('', 'a', 'a/b', 'a/b/c', 'd', 'é'),
    name: fc.constantFrom('1', '2', '3', 'ü', 'long name of a file'),
    length: fc.oneof(fc.nat(2000), fc.nat(300_000), fc.constantFrom(0, 65_536, 2_000_000)),
    // Few seeds: files that are equal, or start the same.
    seed: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 25 },
);

describe('threads', () => {
  it('[K31] make the same tree and the same chunks as the simple path, each chunk once', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.constantFrom(1, 2, 3), async (files, threads) => {
        const base = scratch();
        for (const { directory, name, length, seed } of files) {
          mkdirSync(join(base, directory), { recursive: true });
          writeFileSync(join(base, directory, name), noise(length, seed));
        }
        age(base);
        const store = openMemoryStore();
        const writer = writerOver(store);
        const { root } = await scanDirectory(base, writer, { threads });
        const simple = await simply(base);
        expect(root).toEqual(simple.root);
        expect(await chunksOf(store, writer)).toEqual(simple.chunks);
      }),
      { numRuns: 12 },
    );
  });

  it('[K31] cut a long file together as one alone would, holes and all', async () => {
    const base = scratch();
    writeFileSync(join(base, 'dense'), noise(21 * MIB + 12_345, 1));
    const sparse = join(base, 'sparse');
    writeFileSync(sparse, noise(3 * MIB, 2));
    truncateSync(sparse, 150 * MIB);
    appendFileSync(sparse, noise(17 * MIB, 3));
    truncateSync(sparse, 400 * MIB);
    writeFileSync(join(base, 'repeats'), Buffer.alloc(18 * MIB, 'abc'));
    writeFileSync(join(base, 'zeros'), Buffer.alloc(17 * MIB));
    writeFileSync(join(base, 'short'), 'x');
    age(base);
    const store = openMemoryStore();
    const writer = writerOver(store);
    const { root } = await scanDirectory(base, writer, { threads: 2 });
    const simple = await simply(base);
    expect(root).toEqual(simple.root);
    const written = await writer.finish();
    expect(written.newBytes).toBeGreaterThan(41 * MIB);
    const source = new VaultReader({ store, keyring: KEYRING, index: await indexOf(store, written) });
    await restoreTree(source, root, join(base, '..', `${base.split('/').at(-1)}-back`));
    const back = `${base}-back`;
    expect(differences(base, back)).toEqual([]);
    rmSync(back, { recursive: true });
  });

  it('[K31] keep everything that is hard to keep', async () => {
    const base = join(scratch(), 'odd');
    makeOddTree(base);
    age(base);
    const { root } = await scanDirectory(base, writerOver(openMemoryStore()), { threads: 2 });
    expect(root).toEqual((await simply(base)).root);
  });

  it('[K8] read a file again that changes, and name it if it keeps changing', async () => {
    const base = scratch();
    for (let file = 0; file < 300; file++) writeFileSync(join(base, `${file}`), noise(10_000, file + 1));
    writeFileSync(join(base, 'long'), noise(120 * MIB, 7));
    age(base);
    // Between the answers of threads, while ranges of the long file are with them.
    const save = (most: number) => {
      let changes = 0;
      const onProgress = ({ bytes }: Progress) => {
        if (bytes > 8 * MIB && changes++ < most) appendFileSync(join(base, 'long'), 'more');
      };
      return scanDirectory(base, writerOver(openMemoryStore()), { threads: 2, onProgress });
    };
    const { root } = await save(1);
    expect(root.tree.summary).toMatchObject({ files: 301, bytes: 3_000_000 + 120 * MIB + 4 });
    await expect(save(10_000)).rejects.toMatchObject({ code: 'file_changed', details: { paths: ['long'] } });
  });

  it('[K32] that cannot begin, or a store that fails, end the save with a typed error', async () => {
    const base = scratch();
    for (let file = 0; file < 400; file++) writeFileSync(join(base, `${file}`), noise(200_000, file + 1));
    age(base);
    const writer = writerOver(openMemoryStore());
    const { share, take, isFar } = writer.shared;
    const broken = { ...share, tenant: undefined } as unknown as typeof share;
    const sink = {
      cutTables: writer.cutTables,
      chunk: (bytes: Uint8Array) => writer.chunk(bytes),
      node: (bytes: Uint8Array) => writer.node(bytes),
      drain: () => writer.drain(),
      shared: { share: broken, take, isFar },
    };
    await expectCode('internal', scanDirectory(base, sink, { threads: 2 }));

    const store = openMemoryStore();
    const doomed = writerOver(failing(store, () => 'before'));
    await expectCode('unavailable', scanDirectory(base, doomed, { threads: 2 }));
    await doomed.abort(new Error('given up'));
    expect((await contents(store)).size).toBe(0);
  });

  it('[K32] that were started ahead end with the reading, and with its error', async () => {
    const base = scratch();
    for (let file = 0; file < 60; file++) writeFileSync(join(base, `${file}`), noise(1_000_000, file + 1));
    writeFileSync(join(base, 'all hole'), '');
    truncateSync(join(base, 'all hole'), 20 * MIB);
    age(base);
    const simple = await simply(base);
    await using first = await ScanAhead.of(base);
    expect(first.threads).toBeDefined();
    const { root } = await scanDirectory(base, writerOver(openMemoryStore()), { ahead: first });
    expect(root).toEqual(simple.root);

    const store = openMemoryStore();
    const writer = writerOver(store);
    await using second = await ScanAhead.of(base);
    const onProgress = ({ bytes }: Progress) => {
      if (bytes > 4 * MIB) throw new StrataError('unavailable', 'no more of this');
    };
    await expectCode('unavailable', scanDirectory(base, writer, { ahead: second, onProgress }));
    await writer.abort(new Error('given up'));
    await setTimeout(300);
    expect((await contents(store)).size).toBe(0);
    const known = (at: number) => ScanAhead.of(base, { remembered: { bytes: 1000, at } });
    expect((await known(Date.now())).threads).toBeUndefined();
    // Changed since.
    await using third = await known(0);
    expect(third.threads).toBeDefined();
  });

  it('[K31] and the caller do each job once, whoever is free first', async () => {
    const path = join(scratch(), 'long');
    writeFileSync(path, noise(2 * MIB, 1));
    const ranges = Ranges.of(rangesOf(2 * MIB, [], 64 * 1024));
    await using threads = new SaveThreads(2);
    const failures: unknown[] = [];
    const sink = writerOver(openMemoryStore()).shared;
    threads.begin({ sink, onProgress: () => {}, onFailure: (error) => failures.push(error) });
    using file = opened(path);
    const done: number[] = [];
    for (let range = 0; range < ranges.count; range++)
      threads.range(file.fd, ranges, ({ number, extents }) => {
        expect(extents).toBeDefined();
        done.push(number);
      });
    // The others are still starting.
    expect(await threads.workHere(() => {})).toBe(true);
    expect(done.length).toBeGreaterThan(0);
    while (threads.jobs > 0 && failures.length === 0) await setTimeout(5);
    expect(failures).toEqual([]);
    expect(await threads.workHere(() => {})).toBe(false);
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: ranges.count }, (_, range) => range));
  });

  it('[K32] that died with a range keep nobody waiting for where the next one starts', async () => {
    const path = join(scratch(), 'long');
    writeFileSync(path, noise(64 * 1024, 1));
    const ranges = Ranges.of(rangesOf(64 * 1024, [], 32 * 1024));
    // Whoever has the first range is never heard of again.
    expect(ranges.take()).toBe(0);
    await using threads = new SaveThreads(1);
    const failures: unknown[] = [];
    const sink = writerOver(openMemoryStore()).shared;
    threads.begin({ sink, onProgress: () => {}, onFailure: (error) => failures.push(error) });
    using file = opened(path);
    threads.range(file.fd, ranges, () => expect.unreachable('it was read'));
    let checks = 0;
    const dead = new StrataError('internal', 'a thread died in the middle of its work');
    const check = () => {
      if (checks++ > 5) throw dead;
    };
    await expect(threads.workHere(check)).rejects.toBe(dead);
    expect(failures).toEqual([]);
  });

  it('[K5] end soon when their save is cancelled', async () => {
    const base = scratch();
    writeFileSync(join(base, 'long'), noise(64 * MIB, 1));
    age(base);
    const abort = new AbortController();
    const store = openMemoryStore();
    const writer = writerOver(store, 'intent', undefined, abort.signal);
    const saving = scanDirectory(base, writer, {
      threads: 2,
      signal: abort.signal,
      onProgress: ({ bytes }) => void (bytes > 0 && abort.abort()),
    });
    await expectCode('cancelled', saving);
    await writer.abort(new Error('given up'));
    expect((await contents(store)).size).toBe(0);
    // Nothing was left open: descriptors of this process that lead into the directory.
    const open = readdirSync('/proc/self/fd').length;
    expect(open).toBeLessThan(100);
  });
});
