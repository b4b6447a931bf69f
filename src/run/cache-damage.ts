/** A cache of which something is lost is none: who needs it makes it again, and the next save of its key takes its place. */

import { toHex } from '../base/index.ts';
import type { StrataError } from '../base/index.ts';
import type { ReadableTree } from '../workspace/index.ts';
import type { StepContext } from './attempt.ts';
import { cacheDomain } from './cache-domain.ts';
import { damageOf } from './gaps.ts';
import type { Look } from './gaps.ts';
import { dropUnreferenced } from './retention.ts';

/** @param layer its id. @param error what came of reading it. @throws what keeps the store from being asked */
export async function giveUpCache(
  { world, run, log, signal }: Pick<StepContext, 'world' | 'run' | 'log' | 'signal'>,
  { key, layer }: { readonly key: string; readonly layer: string },
  { root, source }: ReadableTree,
  error: StrataError,
): Promise<void> {
  const { vault, database } = world;
  const look: Look = { seen: new Map(), objects: new Set() };
  const { object } = error.details;
  if (typeof object === 'string') look.objects.add(object);
  await damageOf(source, root.tree, look, { signal });
  // Before its row is gone: a save that takes its place must not refer to what is lost.
  await vault.doubt(look.objects, { signal });
  const tenant = toHex(vault.id);
  await database.transaction(async (tx) => {
    await tx
      .deleteFrom('caches')
      .where('tenant', '=', tenant)
      .where('domain', '=', cacheDomain(run.request.source))
      .where('key', '=', key)
      // Another task may have saved it anew by now.
      .where('layer', '=', layer)
      .execute();
    await dropUnreferenced(tx, tenant);
  });
  log.line(
    `warning: the cache ${key} is not whole, and is passed over: ${error.message}; the next save of its key replaces it`,
  );
}
