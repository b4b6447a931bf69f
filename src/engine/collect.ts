/** One collection of a whole store: each tenant by itself, and the figures of all together. */

import { bootClock, systemClock, toHex } from '../base/index.ts';
import type { MonotonicClock } from '../base/index.ts';
import {
  LOCAL_MARGINS,
  SHARED_MARGINS,
  collectTenant,
  sweepDestroyed,
  waitingTogether,
} from '../vault/index.ts';
import type { Collected, Margins, Vault } from '../vault/index.ts';
import { clockFrom, doubtOf, glanceAtClock, lookAtClock } from '../workspace/index.ts';
import type { ClockVerdict, Clocks } from '../workspace/index.ts';
import type { CollectResult, CollectStoreOptions } from './store-face.ts';
import type { Home } from './home.ts';

export async function collect(home: Home, options: CollectStoreOptions = {}): Promise<CollectResult> {
  // Another process may have replaced the root key.
  home.reopen();
  const vault = await home.vault(options.dryRun === true ? 'read' : 'change', options);
  if (options.dryRun !== true) await expireDue(home, options);
  return collectStore(vault, bootClock, options);
}

/** What sessions do not need any more is to go as well. */
async function expireDue(home: Home, { acceptClock, signal }: CollectStoreOptions): Promise<void> {
  const { expireSessions, isAnyToExpire } = await import('../session/index.ts');
  const database = await home.database({ signal });
  if (!(await isAnyToExpire({ database, tenant: home.tenant }))) return;
  const { homeRunner, sessionWorld } = await import('./session-world.ts');
  const world = await sessionWorld(home, homeRunner(home), { signal });
  if (acceptClock === true) await database.transaction((tx) => lookAtClock(tx, world, { accept: true }));
  await expireSessions(world, { signal });
}

/** @param monotonic what the clock of the vault's world is held against */
export async function collectStore(
  vault: Vault,
  monotonic: MonotonicClock,
  options: CollectStoreOptions = {},
): Promise<CollectResult> {
  const started = systemClock();
  const clocks = { clock: vault.world.clock, monotonic };
  const verdict = await judge(vault, clocks, options);
  // Nor is anything condemned: no time is written down that may be wrong.
  const dryRun = options.dryRun === true || !verdict.believed;
  // From here on the clock is not asked any more: it may be set while this goes on.
  const clock = verdict.believed ? clockFrom(verdict.now, clocks) : clocks.clock;
  const world = { ...vault.world, clock };
  const margins = marginsOf(vault, options, verdict);
  if (!dryRun) await sweepDestroyed(vault, options);
  const each: Collected[] = [];
  for (const { name } of await vault.tenants(options)) {
    world.log?.(`collecting what tenant ${name} does not need`);
    const tenant = await vault.tenant(name, options);
    if (!dryRun) {
      const { expireLayers } = await import('../run/index.ts');
      await expireLayers({ ...clocks, database: world.database }, toHex(tenant.id));
    }
    each.push(await collectTenant(world, tenant, margins, { ...options, dryRun }));
  }
  return { ...total(each), dryRun, clock: doubtOf(verdict), seconds: (systemClock() - started) / 1000 };
}

async function judge(
  { world }: Vault,
  clocks: Clocks,
  { dryRun = false, acceptClock: accept = false, signal }: CollectStoreOptions,
): Promise<ClockVerdict> {
  if (!dryRun) return world.database.transaction((tx) => lookAtClock(tx, clocks, { accept }), { signal });
  const verdict = await glanceAtClock(world.database.kysely, clocks);
  return accept ? { believed: true, now: clocks.clock(), wasKnown: true } : verdict;
}

function marginsOf(
  { world }: Vault,
  { margin, acceptClock = false }: CollectStoreOptions,
  verdict: ClockVerdict,
): Margins {
  const usual = world.store.isFar === true ? SHARED_MARGINS : LOCAL_MARGINS;
  // The vault has only times of rows to hold the clock against, which prove less than an earlier look at it.
  const isJudged = verdict.believed && verdict.wasKnown;
  return {
    deletion: margin ?? usual.deletion,
    leap: isJudged ? Infinity : usual.leap,
    lag: acceptClock ? Infinity : usual.lag,
  };
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
