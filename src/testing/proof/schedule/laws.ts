/** What holds when all processes have ended, however they were interleaved. */

import { ByteReader, bootClock, toHex } from '../../../base/index.ts';
import { decodeRoot } from '../../../tree/index.ts';
import { collectTenant, verifyStore } from '../../../vault/index.ts';
import { parseName } from '../../../vault/names.ts';
import { publishHeads } from '../../../workspace/commit.ts';
import { openTestVault } from '../../vault.ts';
import { checkTree } from '../small-tree.ts';
import type { Simulation } from './simulation.ts';

const DAY = 24 * 60 * 60 * 1000;

/** @throws what does not hold */
export async function checkLaws(sim: Simulation): Promise<void> {
  await checkAcknowledged(sim);
  await checkWhole(sim);
  // Whoever is dead is known to be by now.
  sim.now += DAY + 1;
  const vault = await openTestVault(sim.quietWorld);
  const tenant = await vault.tenant('default');
  const world = { ...sim.quietWorld, monotonic: bootClock, vault: tenant, offLimits: [] };
  const names = await sim.database.kysely.selectFrom('workspaces').select('name').execute();
  for (const { name } of names) await publishHeads(world, name);
  for (let round = 0; round < 2; round++) {
    const { waiting } = await collectTenant(world, tenant, { deletion: 0, leap: 60 * DAY });
    if (waiting.length > 0) throw new Error(`nobody is left, and it waits for ${JSON.stringify(waiting)}`);
    await checkWhole(sim);
  }
  await checkNothingLeft(sim);
}

async function checkAcknowledged({ database, acknowledged }: Simulation): Promise<void> {
  const kept = await database.kysely.selectFrom('snapshots').select('id').execute();
  const removed = await database.kysely.selectFrom('removed_heads').select(['workspace', 'seq']).execute();
  for (const { id, workspace, seq } of acknowledged) {
    if (kept.some((row) => row.id === id)) continue;
    if (removed.some((row) => row.workspace === workspace && row.seq === seq)) continue;
    throw new Error(`snapshot ${id} was acknowledged and never removed, and is gone`);
  }
}

async function checkWhole(sim: Simulation): Promise<void> {
  const vault = await openTestVault(sim.quietWorld);
  const { problems } = await verifyStore(vault, { readData: true });
  if (problems.length > 0) throw new Error(`a verification found ${JSON.stringify(problems)}`);
  const reader = await (await vault.tenant('default')).reader();
  const rows = await sim.database.kysely.selectFrom('snapshots').select(['id', 'root']).execute();
  for (const { id, root } of rows) {
    const { tree } = decodeRoot(new ByteReader(root, `the root of ${id}`));
    const expected = sim.contents.get(toHex(tree.node));
    if (expected === undefined) throw new Error(`nobody has stored what ${id} holds`);
    await checkTree(reader, tree, expected);
  }
}

/** Every object is one that the database tells of. */
async function checkNothingLeft({ store, database }: Simulation): Promise<void> {
  const count = { data: 0, tree: 0, index: 0, head: 0, owner: 0, keys: 0, format: 0 };
  for await (const { name } of store.list('')) count[parseName(name)!.kind]++;
  const segments = (await database.kysely.selectFrom('segments').select('id').execute()).length;
  const heads = (await database.kysely.selectFrom('snapshots').select('id').execute()).length;
  const condemned = (await database.kysely.selectFrom('condemned').select('id').execute()).length;
  const announced = (await database.kysely.selectFrom('intents').select('id').execute()).length;
  const sent = (await database.kysely.selectFrom('sent_packs').select('id').execute()).length;
  if (count.index === segments && count.head === heads && condemned + announced + sent === 0) return;
  throw new Error(
    `something is left: ${JSON.stringify({ ...count, segments, heads, condemned, announced, sent })}`,
  );
}
