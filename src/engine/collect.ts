/** One collection of a whole store: each tenant by itself, and the figures of all together. */

import { systemClock, toHex } from '../base/index.ts';
import {
  LOCAL_MARGINS,
  SHARED_MARGINS,
  collectTenant,
  sweepDestroyed,
  waitingTogether,
} from '../vault/index.ts';
import type { Collected } from '../vault/index.ts';
import type { CollectResult, CollectStoreOptions } from './engine.ts';
import type { Home } from './home.ts';

export async function collect(home: Home, options: CollectStoreOptions = {}): Promise<CollectResult> {
  const { dryRun = false, margin, ...rest } = options;
  const started = systemClock();
  const vault = await home.vault(dryRun ? 'read' : 'change', options);
  const usual = vault.world.store.isFar === true ? SHARED_MARGINS : LOCAL_MARGINS;
  const margins = { ...usual, ...(margin !== undefined && { deletion: margin }) };
  if (!dryRun) await sweepDestroyed(vault, options);
  const each: Collected[] = [];
  for (const { name } of await vault.tenants(options)) {
    home.log?.(`collecting what tenant ${name} does not need`);
    const tenant = await vault.tenant(name, options);
    if (!dryRun) await (await import('../run/index.ts')).expireLayers(vault.world, toHex(tenant.id));
    each.push(await collectTenant(vault.world, tenant, margins, { ...rest, dryRun }));
  }
  return { ...total(each), dryRun, seconds: (systemClock() - started) / 1000 };
}

function total(each: readonly Collected[]): Collected {
  const sum = (of: (one: Collected) => number) => each.reduce((all, one) => all + of(one), 0);
  const condemned = (reason: keyof Collected['condemned']) => ({
    objects: sum((one) => one.condemned[reason].objects),
    bytes: sum((one) => one.condemned[reason].bytes),
  });
  return {
    storedBytes: sum((one) => one.storedBytes),
    liveBytes: sum((one) => one.liveBytes),
    condemned: { dead: condemned('dead'), moved: condemned('moved'), orphan: condemned('orphan') },
    deletedObjects: sum((one) => one.deletedObjects),
    deletedBytes: sum((one) => one.deletedBytes),
    rewrittenBytes: sum((one) => one.rewrittenBytes),
    waiting: waitingTogether(each.flatMap((one) => one.waiting)),
  };
}
