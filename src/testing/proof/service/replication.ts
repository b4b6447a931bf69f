/** The operation that brings a snapshot into another region, and what must be true of both regions whether it ends well or not. */

import type { Engine } from '../../../index.ts';
import type { Chance } from '../chance.ts';
import { changeTree } from '../growing-tree.ts';
import type { Kept, Ledger } from '../site.ts';
import { expectCollected, expectListed } from '../sound.ts';
import type { Region } from './bucket-site.ts';
import type { Attempt, Case } from './operations.ts';

/** From where to where all replicas of a case go. */
export interface Replication {
  readonly workspace: string;
  readonly from: Region;
  readonly to: Region;
  /** What was acknowledged to be in `to`, or turned out to be. */
  readonly kept: Ledger;
}

/** Within the service, and from a disk to it. */
const ROUTES = [
  { workspace: 'web', from: 'default', to: 'far' },
  { workspace: 'near', from: 'shelf', to: 'default' },
] as const;

export function chooseReplication(chance: Chance): Replication {
  return { ...chance.pick(ROUTES), kept: new Map() };
}

export async function prepareReplicate(of: Case): Promise<Attempt> {
  const { site, ledger, chance, replication } = of;
  const { workspace, from, to, kept } = replication;
  const ref = await makeReplicable(of, true);
  // Then all of it is sent again: its chunks may be there, and nobody needs them.
  if (chance.once(4))
    await site.engine(async ({ workspaces }) => {
      await workspaces.remove(workspace, { region: to });
      kept.clear();
    });
  return {
    names: [`region ${from}`, `region ${to}`],
    run: () =>
      site.engine(async ({ workspaces }) => {
        await workspaces.replicate(ref, { to });
        kept.set(ref, ledger.get(ref)!);
      }),
    async check() {
      await expectReplicated(of, ref);
      if (chance.once(4)) await expectRegions(of);
    },
  };
}

/**
 * Saves a snapshot that the other region does not have.
 *
 * @param isWarm an earlier one is there, so only a part of it has to be sent
 * @returns its reference
 */
export async function makeReplicable({ site, ledger, chance, replication }: Case, isWarm: boolean) {
  const { workspace, from, to, kept } = replication;
  return site.engine(async ({ workspaces }) => {
    const save = async () => {
      changeTree(site.from, chance, chance.pick([0, 0, 200_000]));
      return site.save(workspaces, ledger, { workspace, region: from });
    };
    if (isWarm && kept.size === 0) {
      const first = await save();
      await workspaces.replicate(first, { to });
      kept.set(first, ledger.get(first)!);
    }
    const ref = await save();
    for (const [region, list] of [
      [from, ledger],
      [to, kept],
    ] as const) {
      if (list === kept && kept.size === 0) continue;
      const { forgotten } = await workspaces.forget(workspace, { keepLast: 3, region });
      for (const number of forgotten) list.delete(`${workspace}@${number}`);
    }
    return ref;
  });
}

/** What is listed is whole, in both regions; what was not done can be done now. @param ref what was replicated, or was to be */
export async function expectReplicated(of: Case, ref: string): Promise<void> {
  const { site, ledger, chance, replication } = of;
  const { workspace, from, to, kept } = replication;
  const wanted = ledger.get(ref)!;
  await expectListed(site, ledger, {});
  await site.engine(async ({ workspaces, store }) => {
    const isThere = await expectThere(of, workspaces, ref);
    const own = [...ledger.keys()].filter((each) => each.startsWith(`${workspace}@`));
    await compareIn(of, workspaces, chance.pick(own), from);
    if (isThere) await compareIn(of, workspaces, ref, to);
    if (kept.size > 0) await compareIn(of, workspaces, chance.pick([...kept.keys()]), to);
    // What a replica that broke off has left may be taken, or be used again.
    if (chance.once(2))
      await store.collect({ region: to, margin: 0 }).catch((error: unknown) => {
        // The first replica of a region makes its store, and may have ended before.
        if (kept.size > 0 || !site.program.library.isStrataError(error, 'not_found')) throw error;
      });
    const { already, digest } = await workspaces.replicate(ref, { to });
    if (already !== isThere)
      throw new Error(
        `${ref} was ${isThere ? '' : 'not '}listed in ${to}, and ${already ? 'was' : 'not'} there`,
      );
    if (digest !== wanted.digest) throw new Error(`${ref} has another digest in ${to}: ${digest}`);
    kept.set(ref, wanted);
    await expectThere(of, workspaces, ref);
  });
}

/** Both regions are whole, and a collection leaves what is needed there and nothing else. */
export async function expectRegions(of: Case): Promise<void> {
  const { site, ledger, replication } = of;
  const { workspace, from, to, kept } = replication;
  const own = [...ledger].filter(([ref]) => ref.startsWith(`${workspace}@`));
  await site.engine(async ({ workspaces, store }) => {
    for (const [region, list] of [
      [from, new Map(own)],
      [to, kept],
    ] as const) {
      await expectSound(store, region, 'before a collection');
      await store.collect({ region, margin: 0 });
      await expectCollected(site.look(region), store, region);
      await expectSound(store, region, 'after a collection');
      for (const ref of list.keys()) await compareIn(of, workspaces, ref, region);
    }
  });
}

async function expectSound(store: Engine['store'], region: Region, when: string): Promise<void> {
  const { ok, problems } = await store.verify({ region, readData: true });
  if (!ok) throw new Error(`region ${region} is not whole ${when}: ${JSON.stringify(problems)}`);
}

/** @returns whether the snapshot that may be there is */
async function expectThere(
  { ledger, replication }: Case,
  workspaces: Engine['workspaces'],
  pending: string,
): Promise<boolean> {
  const { workspace, to, kept } = replication;
  const found = (await workspaces.replicas(workspace)).find(({ region }) => region === to);
  const log = found === undefined ? [] : await workspaces.log(workspace, { region: to });
  const listed = new Map(log.map(({ snapshot, digest }) => [`${workspace}@${snapshot}`, digest]));
  const told = found?.snapshots.map((number) => `${workspace}@${number}`) ?? [];
  if (told.length !== listed.size || told.some((ref) => !listed.has(ref)))
    throw new Error(`replicas in ${to}: ${told.join(' ')}; its log: ${[...listed.keys()].join(' ')}`);
  const isThere = listed.has(pending);
  if (isThere) kept.set(pending, ledger.get(pending)!);
  for (const [ref, { digest }] of kept)
    if (listed.get(ref) !== digest)
      throw new Error(`${ref} was acknowledged in ${to}, and ${listed.get(ref) ?? 'is not listed'} there`);
  for (const ref of listed.keys())
    if (!kept.has(ref)) throw new Error(`${ref} is listed in ${to}, and nobody has replicated it`);
  return isThere;
}

function compareIn(
  { site, ledger, replication }: Case,
  workspaces: Engine['workspaces'],
  ref: string,
  region: Region,
): Promise<void> {
  const { facts }: Kept = (region === replication.to ? replication.kept : ledger).get(ref)!;
  return site.compare(workspaces, ref, facts, region);
}
