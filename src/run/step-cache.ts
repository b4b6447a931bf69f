/** `save_cache` and `restore_cache`: trees under keys, for later runs of the same source. */

import { ByteReader, toHex } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import { decodeRoot } from '../tree/index.ts';
import { restoreWorkspaceTree } from '../workspace/index.ts';
import type { StepContext } from './attempt.ts';
import { cacheDomain } from './cache-domain.ts';
import { cacheKey } from './cache-key.ts';
import { gather } from './step-save.ts';
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
  const { bytes } = await world.layers.save({
    signal,
    build: async (sink) => (await gather(context, step.contents, sink, {})).root,
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
  log.line(`saved cache ${key}, bytes: ${bytes}`);
}

/** The first key that is there, or begins one that is; of these the newest. That there is none is no failure. */
export async function restoreCache(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'restore_cache' }>,
): Promise<void> {
  const { world, run, place, log, signal } = context;
  const { vault, database, clock } = world;
  const tenant = toHex(vault.id);
  const domain = cacheDomain(run.request.source);
  const tried: string[] = [];
  for (const template of step.keys) {
    const key = await cacheKey(context, template);
    tried.push(key);
    const rows = await database.kysely
      .selectFrom('caches')
      .innerJoin('layers', 'layers.id', 'caches.layer')
      .select(['caches.key', 'layers.id', 'layers.root'])
      .where('caches.tenant', '=', tenant)
      .where('domain', '=', domain)
      // Not LIKE, to which `%` and `_` mean something.
      .where(({ eb, fn, val }) => eb(fn('substr', ['caches.key', val(1), val(key.length)]), '=', key))
      .orderBy('caches.created', 'desc')
      .execute();
    const found = rows.find((row) => row.key === key) ?? rows[0];
    if (found === undefined) continue;
    await using pin = await vault.pin(async () => ({ found, roots: [found.root] }), { signal });
    const root = decodeRoot(new ByteReader(found.root, `the root of layer ${found.id}`));
    using target = Below.open(place.directory, belowHome(context, step.destDir), { make: true });
    const tree = { root, source: await pin.source() };
    const { files, bytes } = await restoreWorkspaceTree(world, tree, target, { signal, overwrite: true });
    await database.kysely
      .updateTable('caches')
      .set({ used: clock() })
      .where('tenant', '=', tenant)
      .where('domain', '=', domain)
      .where('key', '=', found.key)
      .execute();
    context.restored(bytes);
    return log.line(`restored cache ${found.key}, files: ${files}, bytes: ${bytes}`);
  }
  log.line(`no cache for ${tried.join(', ')}`);
}
