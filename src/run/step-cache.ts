/** `save_cache` and `restore_cache`: trees under keys, for later runs of the same source. */

import { ByteReader, counted, formatBytes, isStrataError, toHex } from '../base/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import { decodeRoot } from '../tree/index.ts';
import type { LayerTree } from '../workspace/index.ts';
import type { LookUp } from '../vault/index.ts';
import type { StepContext } from './attempt.ts';
import { giveUpCache } from './cache-damage.ts';
import { cacheDomain } from './cache-domain.ts';
import { cacheKey } from './cache-key.ts';
import { putCache } from './cache-place.ts';
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

/**
 * The first key that is there, or begins one that is; of these the newest. That there is none is no failure, and one that is not whole is none.
 *
 * @throws as `restoreTree`, but for integrity
 */
export async function restoreCache(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'restore_cache' }>,
): Promise<void> {
  const tried: string[] = [];
  for (const template of step.keys) {
    const key = await cacheKey(context, template);
    tried.push(key);
    for (;;) {
      const outcome = await restoreOne(context, key, step.destDir);
      if (outcome === 'restored') return;
      if (outcome === 'none') break;
      // What is given up is not found again: another that begins with the key may be.
    }
  }
  context.log.line(`no cache for ${tried.join(', ')}`);
}

async function restoreOne(
  context: StepContext,
  key: string,
  destDir: string,
): Promise<'restored' | 'none' | 'given up'> {
  const { world, given, log, signal } = context;
  const started = world.clock();
  await using pin = await world.vault.pin(cacheOf(context, key), { signal });
  const { found } = pin;
  if (found === undefined) return 'none';
  const root = decodeRoot(new ByteReader(found.root, `the root of layer ${found.layer}`));
  const names = belowHome(context, destDir);
  const source = await pin.source();
  try {
    const { files, bytes, records } = await putCache(context, names, { root, source });
    given.remember(names, records);
    await touch(context, found.key);
    context.restored(bytes);
    const size = `${counted(files, 'file')}, ${formatBytes(bytes)}`;
    log.line(`restored cache ${found.key}, ${size}, ${since(world, started)}`);
    return 'restored';
  } catch (error) {
    if (!isStrataError(error, 'integrity')) throw error;
    await giveUpCache(context, found, { root, source }, error);
    return 'given up';
  }
}

interface FoundCache {
  readonly key: string;
  /** The id of its layer. */
  readonly layer: string;
  readonly root: Uint8Array;
}

/** Finds a cache and announces that it is read, in one: after a look of its own it could be gone before it is read. */
function cacheOf({ world, run }: StepContext, key: string): LookUp<FoundCache | undefined> {
  return async (query) => {
    const rows = await query
      .selectFrom('caches')
      .innerJoin('layers', 'layers.id', 'caches.layer')
      .select(['caches.key', 'caches.layer', 'layers.root'])
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
