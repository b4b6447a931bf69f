/** `save_cache` and `restore_cache`: trees under keys, for later runs of the same source. */

import { ByteReader, counted, formatBytes, toHex } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import { decodeRoot } from '../tree/index.ts';
import { restoreWorkspaceTree } from '../workspace/index.ts';
import type { LayerTree } from '../workspace/index.ts';
import type { LookUp } from '../vault/index.ts';
import type { StepContext } from './attempt.ts';
import { cacheDomain } from './cache-domain.ts';
import { cacheKey } from './cache-key.ts';
import { since } from './since.ts';
import { gather, rememberContents } from './step-save.ts';
import { belowHome } from './working-dir.ts';

/** What has its key already stays as it is. @throws as `saveWorkspace` */
export async function saveCache(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'save_cache' }>,
): Promise<void> {
  const { world, run, log, signal } = context;
  const { vault, database, clock } = world;
  const tenant = toHex(vault.id);
  const domain = cacheDomain(run.request.source);
  const key = await cacheKey(context, step.key);
  const known = await database.kysely
    .selectFrom('caches')
    .select('key')
    .where('tenant', '=', tenant)
    .where('domain', '=', domain)
    .where('key', '=', key)
    .executeTakeFirst();
  if (known !== undefined) return log.line(`there is a cache ${key} already`);
  const started = clock();
  let built: LayerTree | undefined;
  const { bytes } = await world.layers.save({
    signal,
    build: async (sink) => {
      built = await gather(context, step.contents, sink, {});
      return built.root;
    },
    onCommit: async (tx, layer) => {
      const created = clock();
      // Another task may have been faster; then its cache stays, and this layer goes with the next that are not needed.
      await tx
        .insertInto('caches')
        .values({ tenant, domain, key, layer: layer.id, created, used: created })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  });
  rememberContents(context, step.contents, built!);
  log.line(`saved cache ${key}, ${formatBytes(bytes)}, ${since(world, started)}`);
}

/** The first key that is there, or begins one that is; of these the newest. That there is none is no failure. */
export async function restoreCache(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'restore_cache' }>,
): Promise<void> {
  const { world, place, given, log, signal } = context;
  const started = world.clock();
  const tried: string[] = [];
  for (const template of step.keys) {
    const key = await cacheKey(context, template);
    tried.push(key);
    await using pin = await world.vault.pin(cacheOf(context, key), { signal });
    const { found } = pin;
    if (found === undefined) continue;
    const root = decodeRoot(new ByteReader(found.root, `the root of layer ${found.id}`));
    const names = belowHome(context, step.destDir);
    using target = Below.open(place.directory, names, { make: true });
    const tree = { root, source: await pin.source() };
    const restored = await restoreWorkspaceTree(world, tree, target, { signal, overwrite: true });
    const { files, bytes } = restored;
    given.remember(names, restored.records);
    await touch(context, found.key);
    context.restored(bytes);
    return log.line(
      `restored cache ${found.key}, ${counted(files, 'file')}, ${formatBytes(bytes)}, ${since(world, started)}`,
    );
  }
  log.line(`no cache for ${tried.join(', ')}`);
}

interface FoundCache {
  readonly key: string;
  /** Of its layer. */
  readonly id: string;
  readonly root: Uint8Array;
}

/** Finds a cache and announces that it is read, in one: after a look of its own it could be gone before it is read. */
function cacheOf({ world, run }: StepContext, key: string): LookUp<FoundCache | undefined> {
  return async (query) => {
    const rows = await query
      .selectFrom('caches')
      .innerJoin('layers', 'layers.id', 'caches.layer')
      .select(['caches.key', 'layers.id', 'layers.root'])
      .where('caches.tenant', '=', toHex(world.vault.id))
      .where('domain', '=', cacheDomain(run.request.source))
      // Not LIKE, to which `%` and `_` mean something.
      .where(({ eb, fn, val }) => eb(fn('substr', ['caches.key', val(1), val(key.length)]), '=', key))
      .orderBy(({ eb }) => eb('caches.key', '=', key), 'desc')
      .orderBy('caches.created', 'desc')
      .limit(1)
      .execute();
    const found = rows[0];
    return { found, roots: found === undefined ? [] : [found.root] };
  };
}

/** It was used, and stays. */
async function touch({ world, run }: StepContext, key: string): Promise<void> {
  await world.database.kysely
    .updateTable('caches')
    .set({ used: world.clock() })
    .where('tenant', '=', toHex(world.vault.id))
    .where('domain', '=', cacheDomain(run.request.source))
    .where('key', '=', key)
    .execute();
}
