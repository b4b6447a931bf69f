/** What has to hold of a home after anything: it opens, nothing acknowledged is lost, nothing half done is seen, and it goes on. */

import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import type { Engine } from '../../index.ts';
import { Chance } from './chance.ts';
import type { Facts } from './facts.ts';
import { changeTree } from './growing-tree.ts';
import type { Ledger, Site, Sited } from './site.ts';

/** Milliseconds that a home may take to open. */
const OPENING = 5_000;
/** Bytes of records, and of packs too small to matter, beside what is needed. */
const SLACK = 96 * 1024;
/** Of what is needed. */
const MOST_STORED = 1.25;

export interface Uncertain {
  /** Of the directory that was being saved: a snapshot of just this may be there. */
  readonly pending?: Facts | undefined;
  /** May be gone. */
  readonly doomed?: ReadonlySet<string> | undefined;
}

/**
 * @param ledger takes what turns out to be there, and loses what turns out to be gone
 * @returns all snapshots that are listed
 */
export async function expectWhole(
  site: Sited,
  ledger: Ledger,
  { pending, doomed }: Uncertain,
  chance: Chance,
): Promise<ReadonlySet<string>> {
  const listed = await expectListed(site, ledger, { pending, doomed });
  return site.engine(async ({ workspaces, store }) => {
    const { ok, problems } = await store.verify({ readData: true });
    if (!ok) throw new Error(`the store is not whole: ${JSON.stringify(problems)}`);
    if (ledger.size > 0) {
      const ref = chance.pick([...ledger.keys()]);
      await site.compare(workspaces, ref, ledger.get(ref)!.facts);
    }
    return listed;
  });
}

/** The part of it that reads no file data: the home opens, and lists what it should. */
export async function expectListed(
  site: Sited,
  ledger: Ledger,
  { pending, doomed = new Set() }: Uncertain,
): Promise<ReadonlySet<string>> {
  const started = Date.now();
  return site.engine(async ({ workspaces }) => {
    const listed = await listAll(workspaces);
    const took = Date.now() - started;
    if (took > OPENING) throw new Error(`the home took ${took} ms to open`);
    for (const [ref, { digest }] of ledger) {
      const found = listed.get(ref);
      if (found === undefined && doomed.has(ref)) ledger.delete(ref);
      else if (found !== digest)
        throw new Error(`${ref} was acknowledged with digest ${digest}, and ${found ?? 'is not listed'}`);
    }
    for (const [ref, digest] of listed) {
      if (ledger.has(ref)) continue;
      if (pending === undefined) throw new Error(`${ref} is listed, and nobody has saved it`);
      ledger.set(ref, { digest, facts: pending });
      await site.compare(workspaces, ref, pending);
    }
    return new Set(listed.keys());
  });
}

/** A store, past the engine. */
export interface Bare {
  /** What dead processes were writing goes a day later: makes it a day old. */
  readonly age: () => void;
  /** Names of what is no object, or belongs to something that has ended. */
  readonly leftovers: () => Promise<readonly string[]>;
}

/** As `expectGoingOn`, of a store on a disk. */
export function expectToGoOn(site: Site, ledger: Ledger, chance: Chance): Promise<void> {
  const bare: Bare = {
    age: () => temporary(site).forEach((path) => utimesSync(path, 0, 0)),
    leftovers: async () => temporary(site),
  };
  return expectGoingOn(site, bare, ledger, chance);
}

/** A save works, then a collection leaves nothing behind that nobody needs, and all that is needed. */
export async function expectGoingOn(site: Sited, bare: Bare, ledger: Ledger, chance: Chance): Promise<void> {
  await site.engine(async ({ workspaces, store }) => {
    changeTree(site.from, chance);
    bare.age();
    const ref = await site.save(workspaces, ledger);
    await site.compare(workspaces, ref, ledger.get(ref)!.facts);
    await store.collect({ margin: 0 });
    await expectCollected(bare, store);
    const { ok, problems } = await store.verify({ readData: true });
    if (!ok) throw new Error(`the collected store is not whole: ${JSON.stringify(problems)}`);
    const listed = await listAll(workspaces);
    if (listed.size !== ledger.size)
      throw new Error(
        `listed: ${[...listed.keys()].join(' ')}; acknowledged: ${[...ledger.keys()].join(' ')}`,
      );
    for (const [known, { facts }] of ledger) await site.compare(workspaces, known, facts);
  });
}

/** That a collection has left nothing to collect. @param region default: `default` */
export async function expectCollected(bare: Bare, store: Engine['store'], region?: string): Promise<void> {
  const { condemned, waiting, storedBytes, liveBytes } = await store.collect({ region, dryRun: true });
  const { orphan, dead } = condemned;
  const left = [
    ...(await bare.leftovers()),
    ...(orphan.objects + dead.objects + waiting.length > 0 ? [JSON.stringify({ condemned, waiting })] : []),
  ];
  if (left.length > 0) throw new Error(`left after a collection: ${left.join(' ')}`);
  if (storedBytes > liveBytes * MOST_STORED + SLACK)
    throw new Error(`${storedBytes} bytes are stored after a collection, and ${liveBytes} needed`);
}

/** Every snapshot with its digest. */
export async function listAll(workspaces: Engine['workspaces']): Promise<ReadonlyMap<string, string>> {
  const listed = new Map<string, string>();
  for (const { name } of await workspaces.list())
    for (const { snapshot, digest } of await workspaces.log(name)) listed.set(`${name}@${snapshot}`, digest);
  return listed;
}

/** Names in the store, those of temporary files left out. */
export function objects(site: Site): string[] {
  return readdirSync(site.store, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.tmp') && statSync(join(site.store, name)).isFile())
    .sort();
}

export function temporary(site: Site): string[] {
  const directory = join(site.store, '.tmp');
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((name) => join(directory, name));
}
