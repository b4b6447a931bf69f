/** The row of collections that are killed. */

import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

import { Chance } from './chance.ts';
import { changeTree } from './growing-tree.ts';
import { prepareFault } from './fault.ts';
import { killInside, measure, within } from './killing.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import type { Ledger } from './site.ts';
import { expectToGoOn, expectWhole, listAll, objects } from './sound.ts';

const WORDS = ['store', 'gc', '--margin', '0'];

export const killCollect: ProofRow = {
  name: 'kill-gc',
  claim:
    'A collection that is killed anywhere has taken nothing that a snapshot needs, and the next one completes it.',
  unit: 'kills',
  planted: 'packs are deleted before the index no longer tells of them',
  perCommit: 6,
  needs: ['cc'],

  async open() {
    const site = await Site.open();
    await leaveOrphans(site);
    const length = await measure(site, WORDS, () =>
      makeWork(site, site.reset(), new Chance('to be measured')),
    );
    return {
      async run(seed) {
        const chance = new Chance(`kill-gc ${seed}`);
        const ledger = site.reset();
        await makeWork(site, ledger, chance);
        const before = new Set(objects(site));
        const killed = await killInside(site, WORDS, length, chance);
        const after = new Set(objects(site));
        const stored = [...after].some((name) => !before.has(name) && /\/(?:data|tree)\//.test(name));
        const deleted = [...before].some((name) => !after.has(name) && /\/(?:data|tree)\//.test(name));
        const condemned = () => condemnedIn(site);
        return within(killed, deleted ? 'deleted' : stored ? 'rewritten' : 'nothing to be seen', async () => {
          await expectWhole(site, ledger, {}, chance);
          const phase = phaseOf(stored, deleted, condemned());
          await expectToGoOn(site, ledger, chance);
          if (killed.how === 'ended before') return { count: 0, hit: [killed.how] };
          return { count: 1, hit: [killed.how, phase] };
        });
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

/** Kills a save when it has stored all but the end of it, so that nothing tells of its packs. */
async function leaveOrphans(site: Site): Promise<void> {
  const save = ['workspaces', 'save', 'from', '-w', 'web'];
  const grow = () => changeTree(site.from, new Chance('orphans'), 1_000_000);
  const { changes } = await measure(site, save, () => {
    site.reset();
    grow();
  });
  for (let back = 0; back < changes; back += 2) {
    const ledger = site.reset();
    grow();
    const before = new Set(objects(site));
    const options = { under: site.directory, calls: 'changes', at: changes - back, kind: 'kill' } as const;
    await site.start(save, prepareFault(site.beside('fault'), options).environment).ended;
    const fresh = objects(site).filter((name) => !before.has(name));
    const hasPacks = ['data', 'tree'].every((type) => fresh.some((name) => name.includes(`/${type}/`)));
    const listed = await site.engine(({ workspaces }) => listAll(workspaces));
    if (listed.size > ledger.size || !hasPacks) continue;
    site.settle(ledger);
    return;
  }
  throw new Error('no save could be killed between its packs and its commit');
}

/** Forgets or changes something, so that there is more to collect than what the site has. */
async function makeWork(site: Site, ledger: Ledger, chance: Chance): Promise<void> {
  await site.engine(async ({ workspaces }) => {
    if (chance.once(2)) {
      changeTree(site.from, chance, chance.pick([0, 500_000]));
      await site.save(workspaces, ledger);
    }
    if (chance.once(3)) {
      await workspaces.remove('twin');
      ledger.delete('twin@1');
    }
    const { forgotten } = await workspaces.forget('web', { keepLast: 1 + chance.below(3) });
    for (const number of forgotten) ledger.delete(`web@${number}`);
  });
}

function condemnedIn(site: Site): number {
  using database = new DatabaseSync(join(site.home, 'db', 'strata.db'));
  return Number(database.prepare('SELECT count(*) AS rows FROM condemned').get()?.['rows']);
}

function phaseOf(stored: boolean, deleted: boolean, condemned: number): string {
  if (deleted) return condemned > 0 ? 'deleting' : 'all deleted';
  if (condemned > 0) return 'condemned';
  return stored ? 'rewritten' : 'before anything was rewritten';
}
