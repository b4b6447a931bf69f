/** Homes that are collected: what is taken out of them, and what has to be there afterwards. */

import { expect } from 'vitest';

import { sha256, toHex } from '../base/index.ts';
import type { SnapshotTable } from '../db/index.ts';
import type { Store } from '../store/index.ts';
import { noise } from '../testing/noise.ts';
import { storeFiles } from '../testing/snapshots.ts';
import type { SavedContent, StillHome } from '../testing/snapshots.ts';
import { contents } from '../testing/stores.ts';
import type { Collected } from './collect.ts';
import { parseName } from './names.ts';
import { verifyStore } from './verify.ts';

export const HOUR = 60 * 60 * 1000;
export const DAY = 24 * HOUR;

export const some = (seed: string, length = 5000): SavedContent => ({ [seed]: noise(seed, length) });

/** Takes a snapshot out of the database, as forgetting it does. */
export async function forget(
  { database, tenant, now }: StillHome,
  { id }: { readonly id: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const { workspace, seq } = await tx
      .deleteFrom('snapshots')
      .where('id', '=', id)
      .returning(['workspace', 'seq'])
      .executeTakeFirstOrThrow();
    await tx
      .insertInto('removed_heads')
      .values({ tenant: toHex(tenant.id), workspace, seq, removed: now })
      .execute();
  });
}

/**
 * A snapshot whose save began before what it refers to was condemned, and ended after that: no other has it.
 *
 * @param margin of the collection in between
 */
export async function committedLate(
  home: StillHome,
  margin = 0,
): Promise<{ readonly late: SnapshotTable; readonly collected: Collected }> {
  const other = await home.again('other');
  const gone = await home.save('a', some('shared', 50_000));
  await using save = await other.tenant.beginSave();
  const tree = storeFiles(save.writer, some('shared', 50_000));
  await forget(home, gone);
  const collected = await home.collect(margin);
  return { late: await other.commit(save, 'b', tree), collected };
}

export async function names(store: Store, kind: string): Promise<string[]> {
  return [...(await contents(store)).keys()].filter((name) => parseName(name)?.kind === kind);
}

export async function storedBytes(store: Store): Promise<number> {
  return [...(await contents(store)).values()].reduce((sum, { length }) => sum + length, 0);
}

/** Everything is whole, and each of these files is there. */
export async function expectWhole(home: StillHome, ...files: readonly SavedContent[]): Promise<void> {
  const fresh = await home.again(`fresh ${files.length} ${home.parts.random(4).join()}`);
  expect((await verifyStore(fresh.vault, { readData: true })).problems).toEqual([]);
  const reader = await fresh.tenant.reader();
  for (const bytes of files.flatMap((each) => Object.values(each)))
    expect(Buffer.compare(await reader.chunk(sha256(bytes)), bytes)).toBe(0);
}

/** A store in which packs are dead, and one is written anew. */
export async function sparse(home: StillHome): Promise<SavedContent> {
  const kept = some('kept', 4000);
  const both = await home.save('a', { ...some('large', 60_000), ...kept });
  await forget(home, await home.save('b', some('gone')));
  await home.save('a', kept);
  await forget(home, both);
  return kept;
}
