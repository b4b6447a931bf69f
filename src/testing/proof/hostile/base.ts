/** What hostile hands change: a home with everything in it that there is, saved the usual way. */

import {
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import type { Sha256 } from '../../../base/index.ts';
import { bootClock, toHex } from '../../../base/index.ts';
import type { Sealed } from '../../../chunk/index.ts';
import { openSqlite } from '../../../db/index.ts';
import { openMemoryStore } from '../../../store/index.ts';
import { extentPages, unpackExtents, walk } from '../../../tree/index.ts';
import type { Root } from '../../../tree/index.ts';
import type { SealingKey } from '../../../chunk/index.ts';
import type { ContentSource, TenantVault } from '../../../vault/index.ts';
import { rootSealingKey } from '../../../vault/root-key.ts';
import { rootOf } from '../../../workspace/snapshot-row.ts';
import { forkWorkspace, saveDirectory } from '../../../workspace/index.ts';
import { noise, prose } from '../../noise.ts';
import { contents } from '../../stores.ts';
import { ROOT, openTestVault, testWorld } from '../../vault.ts';

/** More than a directory page holds. */
const MANY = 1300;
/** Of the long file: more than an entry lists itself. */
const LONG_BYTES = 1_400_000;

export interface Base {
  readonly place: string;
  /** A directory on disk, and what is remembered of it. */
  readonly tree: string;
  readonly memory: { readonly name: string; readonly sealed: Uint8Array };
  readonly objects: ReadonlyMap<string, Sealed>;
  /** The database, as a file. */
  readonly database: Uint8Array;
  readonly tenant: TenantVault;
  readonly rootKey: SealingKey;
  readonly root: Root;
  /** Every chunk of the latest snapshot, with what it holds. */
  readonly chunks: readonly { readonly id: Sha256; readonly bytes: Uint8Array }[];
}

export async function makeBase(place: string): Promise<Base> {
  const tree = join(place, 'tree');
  makeTree(tree);
  const store = openMemoryStore();
  const path = join(place, 'base.db');
  const database = await openSqlite(path);
  const parts = testWorld(database, store, 'hostile');
  const vault = await openTestVault(parts);
  const tenant = await vault.tenant('default');
  const cacheDirectory = join(place, 'cache');
  const more = { clock: () => Date.now() + 10_000, monotonic: bootClock, cacheDirectory };
  const world = { ...parts, ...more, vault: tenant, offLimits: [] };
  await saveDirectory(world, tree, { workspace: 'web', message: 'first' });
  writeFileSync(join(tree, 'small', 'b'), prose('b', 5000));
  await saveDirectory(world, tree, { workspace: 'web' });
  await forkWorkspace(world, 'web@1', 'copy');
  const objects = await contents(store);
  const row = await database.kysely
    .selectFrom('snapshots')
    .selectAll()
    .orderBy('number', 'desc')
    .executeTakeFirstOrThrow();
  const chunks = await chunksOf(await tenant.reader(), rootOf(row));
  await database[Symbol.asyncDispose]();
  const [name = ''] = readdirSync(join(cacheDirectory, 'stat'));
  return {
    place,
    tree,
    memory: { name, sealed: Uint8Array.from(readFileSync(join(cacheDirectory, 'stat', name))) },
    objects,
    database: Uint8Array.from(readFileSync(path)),
    tenant,
    rootKey: rootSealingKey(ROOT),
    root: rootOf(row),
    chunks,
  };
}

async function chunksOf(source: ContentSource, { tree }: Root): Promise<Base['chunks']> {
  const chunks = new Map<string, Base['chunks'][number]>();
  for await (const { entry } of walk(source, tree)) {
    if (entry.kind !== 'file') continue;
    for await (const page of extentPages(source, entry))
      for (const { chunk } of unpackExtents(page)) {
        if (chunk === undefined) continue;
        const id = chunk.slice() as Sha256;
        chunks.set(toHex(id), { id, bytes: (await source.chunk(id)).slice() });
      }
  }
  return [...chunks.values()];
}

function makeTree(tree: string): void {
  rmSync(tree, { recursive: true, force: true });
  for (const name of ['small', 'many', 'deep/er']) mkdirSync(join(tree, name), { recursive: true });
  writeFileSync(join(tree, 'small', 'a'), prose('a', 3000));
  writeFileSync(join(tree, 'small', 'b'), '');
  writeFileSync(join(tree, 'small', 'long'), noise('long', LONG_BYTES));
  writeFileSync(join(tree, 'small', 'hole'), Buffer.concat([noise('x', 100), Buffer.alloc(300_000)]));
  symlinkSync('../small/a', join(tree, 'deep', 'link'));
  writeFileSync(join(tree, 'deep', 'er', 'file'), 'deep');
  for (let at = 0; at < MANY; at++) writeFileSync(join(tree, 'many', `file ${10_000 + at}`), `${at % 7}`);
  for (const name of ['small', 'many', 'deep']) utimesSync(join(tree, name), 1e9, 1e9);
}
