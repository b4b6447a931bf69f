/** The commands that a case puts through faults, each with what must be true whether it ends well or not. */

import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Chance } from '../chance.ts';
import { apart, factsOf } from '../facts.ts';
import type { Facts } from '../facts.ts';
import { changeTree } from '../growing-tree.ts';
import type { Ledger } from '../site.ts';
import { expectListed, expectWhole } from '../sound.ts';
import type { BucketSite } from './bucket-site.ts';
import { prepareReplicate } from './replication.ts';
import type { Replication } from './replication.ts';

export interface Case {
  readonly site: BucketSite;
  readonly ledger: Ledger;
  readonly chance: Chance;
  /** Seconds. */
  readonly patience: number;
  readonly replication: Replication;
}

/** One use of a command. */
export interface Attempt {
  /** With faults on the way. */
  run(): Promise<void>;
  /** What was done, or not, and that the next use of it works. Without faults. @throws what does not hold */
  check(isDone: boolean): Promise<void>;
  /** What a failure has to name besides the store or the object. */
  readonly names?: readonly string[];
}

/** Brings about what there is to be done. */
export type Prepare = (of: Case) => Promise<Attempt>;

export const OPERATIONS = {
  save: prepareSave,
  restore: prepareRestore,
  collect: prepareCollect,
  attach: prepareAttach,
  replicate: prepareReplicate,
} as const satisfies Readonly<Record<string, Prepare>>;

/** Now and then all of it is read: what is damaged stays damaged, and shows at the end of a case at the latest. */
async function expectSound({ site, ledger, chance }: Case, pending?: Facts): Promise<void> {
  if (chance.once(4)) await expectWhole(site, ledger, { pending }, chance);
  else await expectListed(site, ledger, { pending });
}

async function prepareSave(of: Case): Promise<Attempt> {
  const { site, ledger, chance } = of;
  changeTree(site.from, chance, chance.pick([0, 0, 300_000]));
  const pending: Facts = factsOf(site.from);
  const known = ledger.size;
  return {
    run: () => site.engine(async ({ workspaces }) => void (await site.save(workspaces, ledger))),
    async check(isDone) {
      await expectSound(of, pending);
      if (isDone && ledger.size === known) throw new Error('the save was acknowledged, and is not listed');
    },
  };
}

async function prepareRestore(of: Case): Promise<Attempt> {
  const { site, ledger, chance } = of;
  const ref = chance.pick([...ledger.keys()]);
  const to = site.beside('target');
  rmSync(to, { recursive: true, force: true });
  const restore = () => site.engine(async ({ workspaces }) => void (await workspaces.restore(ref, to)));
  return {
    run: restore,
    async check(isDone) {
      if (!isDone && existsSync(to)) throw new Error('a restore that failed left a target');
      if (!isDone) await restore();
      const lines = apart(ledger.get(ref)!.facts, factsOf(to));
      if (lines.length > 0) throw new Error(`${ref} comes back different:\n${lines.join('\n')}`);
      await expectSound(of);
    },
  };
}

async function prepareCollect(of: Case): Promise<Attempt> {
  const { site, ledger, chance } = of;
  await site.engine(async ({ workspaces }) => {
    changeTree(site.from, chance, chance.pick([0, 200_000]));
    await site.save(workspaces, ledger);
    const { forgotten } = await workspaces.forget('web', { keepLast: 1 + chance.below(3) });
    for (const number of forgotten) ledger.delete(`web@${number}`);
  });
  return {
    run: () => site.engine(async ({ store }) => void (await store.collect({ margin: 0 }))),
    check: () => expectSound(of),
  };
}

/** The database anew from the store: of a home that lost it, of another one that only reads, or of one that takes the store over. */
function prepareAttach(of: Case): Promise<Attempt> {
  return of.chance.pick([prepareRebuild, prepareReader, prepareTakeOver])(of);
}

async function prepareRebuild(of: Case): Promise<Attempt> {
  const { site } = of;
  const rebuild = () => site.engine(({ store }) => store.rebuildIndex());
  rmSync(join(site.home, 'db'), { recursive: true });
  return {
    run: async () => void (await rebuild()),
    async check() {
      // Whoever goes on with what a spoilt rebuild has left: it may refuse, and may take nothing.
      await site.engine(({ store }) => store.collect({ margin: 0 })).catch(() => undefined);
      const { unreadable } = await rebuild();
      if (unreadable.length > 0) throw new Error(`cannot be read any more: ${unreadable.join(' ')}`);
      await expectSound(of);
    },
  };
}

/** A home with the same key, which knows nothing of the store. */
function otherHome({ site, patience }: Case): string {
  const home = join(site.directory, 'other');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home);
  cpSync(join(site.home, 'keys'), join(home, 'keys'), { recursive: true });
  site.configure(home, patience);
  return home;
}

async function prepareReader(of: Case): Promise<Attempt> {
  const { site, ledger, chance } = of;
  const home = otherHome(of);
  const attach = () => site.engine(({ store }) => store.attach(), home);
  return {
    run: async () => void (await attach()),
    async check() {
      const { snapshots } = await attach();
      if (snapshots !== ledger.size) throw new Error(`${snapshots} snapshots are seen, of ${ledger.size}`);
      const ref = chance.pick([...ledger.keys()]);
      await site.engine(({ workspaces }) => site.compare(workspaces, ref, ledger.get(ref)!.facts), home);
      await expectSound(of);
    },
  };
}

async function prepareTakeOver(of: Case): Promise<Attempt> {
  const { site } = of;
  const home = otherHome(of);
  const attach = (by: string) => site.engine(({ store }) => store.attach({ takeOver: true }), by);
  return {
    run: async () => void (await attach(home)),
    async check() {
      await site.engine(({ store }) => store.collect({ margin: 0 }), home).catch(() => undefined);
      await attach(home);
      const refusal = await site.engine(({ store }) => store.collect({ margin: 0 })).catch((error) => error);
      if (!site.program.library.isStrataError(refusal, 'not_ours'))
        throw new Error('the home that the store was taken from still collects it', { cause: refusal });
      await attach(site.home);
      await expectSound(of);
    },
  };
}
