/** Two homes, each with a store, keys and a database of its own; and trees of chance that are edited. */

import { expect } from 'vitest';

import { concatBytes, sha256, toHex, utf8 } from '../base/index.ts';
import type { SnapshotTable } from '../db/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { StillHome } from '../testing/snapshots.ts';
import type { TestDatabases } from '../testing/vault.ts';
import { ContentBuilder, DirectoryBuilder, extentPages, unpackExtents, walk } from '../tree/index.ts';
import type { NodeSource, TreeRef } from '../tree/index.ts';
import { verifyStore } from '../vault/index.ts';
import type { ContentSink, ContentSource } from '../vault/index.ts';
import { publishHeads } from './commit.ts';
import { rootOf } from './snapshot-row.ts';

export interface TwoHomes {
  readonly source: StillHome;
  readonly target: StillHome;
}

let homes = 0;

/** @param wrap what the target sees of its store, and the source of its own */
export async function twoHomes(
  databases: TestDatabases,
  wrap: { readonly source?: (store: Store) => Store; readonly target?: (store: Store) => Store } = {},
): Promise<TwoHomes> {
  const same = (store: Store) => store;
  const source = (wrap.source ?? same)(openMemoryStore());
  const target = (wrap.target ?? same)(openMemoryStore());
  return {
    source: await StillHome.open(await databases.open(), source, `source ${homes++}`),
    target: await StillHome.open(await databases.open(), target, `target ${homes++}`),
  };
}

export interface DrawnFile {
  readonly mtime: number;
  /** Seeds of its chunks; 0 is a hole. */
  readonly parts: readonly number[];
}

export interface DrawnDirectory {
  readonly mtime: number;
  readonly below: Map<string, DrawnFile | DrawnDirectory>;
}

export function directory(
  below: readonly (readonly [string, DrawnFile | DrawnDirectory])[] = [],
): DrawnDirectory {
  return { mtime: 0, below: new Map(below) };
}

/** `count` files of one chunk each. */
export function manyFiles(count: number, from = 0): DrawnDirectory {
  return directory(
    Array.from({ length: count }, (_, at) => [`file ${at}`, { mtime: 0, parts: [from + at + 1] }] as const),
  );
}

/** Bytes of a chunk: they look like noise, and are cheap. */
export function partOf(seed: number): Uint8Array {
  const bytes = new Uint8Array(200 + ((seed * 7919) % 900));
  for (let at = 0, state = seed + 1; at < bytes.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

export function plantDrawn(sink: ContentSink, drawn: DrawnDirectory): TreeRef {
  const builder = new DirectoryBuilder(sink);
  for (const [name, item] of [...drawn.below].sort(([a], [b]) => Buffer.compare(utf8(a), utf8(b)))) {
    const looks = { name: utf8(name), mtime: item.mtime };
    if ('below' in item) {
      builder.add({ kind: 'directory', mode: 0o755, ...looks, tree: plantDrawn(sink, item) });
      continue;
    }
    const content = new ContentBuilder(sink);
    for (const seed of item.parts) {
      const bytes = partOf(seed);
      if (seed === 0) content.hole(bytes.length);
      else content.chunk(sink.chunk(bytes), bytes.length);
    }
    builder.add({ kind: 'file', mode: 0o644, ...looks, ...content.finish() });
  }
  return builder.finish();
}

/** The next snapshot of a workspace. */
export async function saveDrawn(
  home: StillHome,
  name: string,
  drawn: DrawnDirectory,
): Promise<SnapshotTable> {
  await using save = await home.tenant.beginSave();
  const row = await home.commit(save, name, plantDrawn(save.writer, drawn));
  await publishHeads(home.world, name);
  return row;
}

/** Every path with the SHA-256 of its bytes, or of the names of a directory; each chunk is read. */
export async function readWhole(source: ContentSource, tree: TreeRef): Promise<string[]> {
  const lines: string[] = [];
  for await (const { path, entry } of walk(source, tree)) {
    const parts: Uint8Array[] = [];
    if (entry.kind === 'file')
      for await (const page of extentPages(source as NodeSource, entry))
        for (const { chunk, length } of unpackExtents(page))
          parts.push(chunk === undefined ? new Uint8Array(length) : await source.chunk(chunk));
    const { mode, mtime } = entry;
    lines.push(
      `${Buffer.concat(path.flatMap((name) => [utf8('/'), name])).toString()} ${mode} ${mtime} ${toHex(sha256(concatBytes(parts)))}`,
    );
  }
  return lines;
}

/** What a workspace has in a home, number by number, all of it read. @param last so many of the newest */
export async function snapshotsOf(
  home: StillHome,
  name: string,
  last = 99,
): Promise<Map<number, readonly string[]>> {
  const rows = (await rowsOf(home, name)).slice(-last);
  const reader = await (await (await home.again('reading')).vault.tenant('default')).reader();
  const read = new Map<number, readonly string[]>();
  for (const row of rows) read.set(row.number, await readWhole(reader, rootOf(row).tree));
  return read;
}

export async function rowsOf(home: StillHome, name: string): Promise<SnapshotTable[]> {
  return home.database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .selectAll('snapshots')
    .where('name', '=', name)
    .orderBy('number')
    .execute();
}

export async function expectClean(home: StillHome): Promise<void> {
  expect((await verifyStore(home.vault, { readData: true })).problems).toEqual([]);
}

/** What both have under a number is the same. */
export async function expectSame({ source, target }: TwoHomes): Promise<void> {
  const original = await snapshotsOf(source, 'web');
  for (const [number, lines] of await snapshotsOf(target, 'web'))
    if (original.has(number)) expect(lines).toEqual(original.get(number));
}
