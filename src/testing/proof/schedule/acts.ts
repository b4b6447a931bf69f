/** What a process of the simulation does. Whatever ends in an error that does not belong there ends the case. */

import { isStrataError, toHex } from '../../../base/index.ts';
import { collectTenant, rebuildIndex, verifyStore } from '../../../vault/index.ts';
import { findWorkspace, getSnapshot } from '../../../workspace/catalog.ts';
import { addSnapshot, createWorkspace, publishHeads } from '../../../workspace/commit.ts';
import { forgetSnapshots, forkWorkspace, removeWorkspace } from '../../../workspace/index.ts';
import { checkHeads } from '../../../workspace/older.ts';
import { checkTree, edited, rootOf, storeTree } from '../small-tree.ts';
import { tenantOf } from './simulation.ts';
import type { Process, Simulation } from './simulation.ts';

const HOUR = 60 * 60 * 1000;
const NAMES = ['w0', 'w1', 'w2', 'w3'];

type Act = (sim: Simulation, process: Process) => Promise<void>;

const ACTS: readonly (readonly [name: string, weight: number, act: Act])[] = [
  ['save', 9, save],
  ['collect', 6, collect],
  ['forget', 3, forget],
  ['remove', 2, remove],
  ['fork', 2, fork],
  ['read', 3, read],
  ['verify', 1, verify],
  ['rebuild', 1, rebuild],
];
const LOTS = ACTS.flatMap((each) => Array.from({ length: each[1] }, () => each));
/** Of a process that takes away, and of one that adds. */
const TAKES = ACTS.filter(([name]) => ['collect', 'forget', 'remove'].includes(name));
const ADDS = ACTS.filter(([name]) => ['save', 'fork', 'read'].includes(name));

export async function act(sim: Simulation, process: Process): Promise<void> {
  const lots = !sim.hasRoles ? LOTS : process.name === 'p0' ? TAKES : ADDS;
  const [name, , run] = sim.chance.pick(lots);
  sim.hit.push(name);
  sim.turns.log.push(`${process.name} begins: ${name}`);
  try {
    await run(sim, process);
    sim.turns.log.push(`${process.name} ends: ${name}`);
  } catch (error) {
    if (!isExpected(sim, name, error)) throw new Error(`${name} failed`, { cause: error });
    sim.turns.log.push(`${process.name} ends: ${name}: ${(error as Error).message}`);
  }
}

function isExpected(sim: Simulation, name: string, error: unknown): boolean {
  if (!isStrataError(error)) return false;
  if (['workspace_not_found', 'snapshot_not_found', 'already_exists'].includes(error.code)) return true;
  if (error.code !== 'refused') return false;
  if (name === 'forget') return error.message.includes('it stays');
  if (error.message.includes('by another process')) return true;
  return sim.leaps && error.message.includes('given up');
}

async function save(sim: Simulation, process: Process): Promise<void> {
  await saveTree(sim, process, sim.chance.pick(NAMES));
}

export async function saveTree(sim: Simulation, process: Process, name: string): Promise<void> {
  const { world } = process;
  const { vault, database } = world;
  const before = sim.directories.get(name) ?? {};
  const tree = sim.chance.once(2) ? before : edited(before, sim.chance);
  sim.directories.set(name, tree);
  await publishHeads(world, name);
  await checkHeads(world, name);
  await using opened = await vault.beginSave();
  const pause = async () => {
    if (process.name !== 'before' && sim.chance.once(3)) await sim.turns.wait(process.name, 'reads a file');
  };
  const remembered = sim.remembered.get(name);
  const stored = await storeTree(opened.writer, tree, opened.epoch, remembered, pause);
  sim.contents.set(toHex(stored.root.node), tree);
  const { newBytes, storedBytes } = await opened.finish();
  if (process.name !== 'before' && sim.chance.once(6)) {
    sim.hit.push('given up');
    return;
  }
  const row = await database.transaction(async (tx) => {
    await opened.commit(tx);
    const workspace =
      (await findWorkspace(tx, tenantOf(process), name)) ?? (await createWorkspace(tx, world, name));
    const snapshot = { root: rootOf(stored), newBytes, storedBytes, message: '' };
    return addSnapshot(tx, world, workspace, 'save', snapshot);
  });
  sim.remembered.set(name, stored);
  await publishHeads(world, name);
  sim.acknowledged.push(row);
}

async function collect(sim: Simulation, { vault, world }: Process): Promise<void> {
  const deletion = sim.chance.once(4) ? HOUR : 0;
  const collected = await collectTenant(vault.world, world.vault, { deletion, leap: 60 * 24 * HOUR });
  if (collected.deletedObjects > 0) sim.hit.push('deleted');
  if (collected.rewrittenBytes > 0) sim.hit.push('rewritten');
  if (collected.waiting.some((each) => each.for !== 'margin')) sim.hit.push('waiting');
}

async function forget(sim: Simulation, { world }: Process): Promise<void> {
  const name = sim.chance.pick(NAMES);
  if (sim.chance.once(2)) await forgetSnapshots(world, name, { keepLast: 1 + sim.chance.below(2) });
  else await forgetSnapshots(world, `${name}@${1 + sim.chance.below(4)}`);
}

async function remove(sim: Simulation, { world }: Process): Promise<void> {
  await removeWorkspace(world, sim.chance.pick(NAMES));
}

async function fork(sim: Simulation, { world }: Process): Promise<void> {
  await forkWorkspace(world, sim.chance.pick(NAMES), sim.chance.pick(NAMES));
}

async function read(sim: Simulation, process: Process): Promise<void> {
  const ref = { workspace: sim.chance.pick(NAMES), snapshot: undefined, path: undefined };
  await using pin = await process.world.vault.pin(async (query) => {
    const found = await getSnapshot(query, tenantOf(process), ref);
    return { found, roots: [found.row.root] };
  });
  const { row, root } = pin.found;
  try {
    await checkTree(await pin.source(), root.tree, sim.contents.get(toHex(root.tree.node))!);
  } catch (error) {
    if (!sim.leaps || !isStrataError(error, 'integrity')) throw error;
    // It was taken for dead. What it read is there all the same, unless it was forgotten.
    const still = await sim.database.kysely
      .selectFrom('snapshots')
      .select('id')
      .where('id', '=', row.id)
      .executeTakeFirst();
    sim.hit.push(still === undefined ? 'read of what was forgotten' : 'read that was too late');
  }
}

async function verify(sim: Simulation, { vault }: Process): Promise<void> {
  const { problems } = await verifyStore(vault, { readData: sim.chance.once(2) });
  if (problems.length > 0) throw new Error(`a verification found ${JSON.stringify(problems)}`);
}

async function rebuild(_: Simulation, { vault, world }: Process): Promise<void> {
  const { unreadable } = await rebuildIndex(vault.world, world.vault);
  if (unreadable.length > 0) throw new Error(`a rebuilt index lacks ${unreadable.join(', ')}`);
}
