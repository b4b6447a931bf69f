/** The row of saves that are killed. */

import { Chance } from './chance.ts';
import { factsOf } from './facts.ts';
import { changeTree } from './growing-tree.ts';
import { killInside, measure, within } from './killing.ts';
import type { Length } from './killing.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import { expectToGoOn, expectWhole, objects, temporary } from './sound.ts';

const WORDS = ['workspaces', 'save', 'from', '-w', 'web'];

/** Bytes of noise that a save has to store: next to none, part of a pack, and so many that threads work on it. */
const SIZES = [0, 0, 1_000_000, 1_000_000, 9_000_000] as const;

export const killSave: ProofRow = {
  name: 'kill-save',
  claim:
    'A save that is killed anywhere leaves its whole snapshot or nothing of it, and all that was acknowledged; the home goes on at once.',
  unit: 'kills',
  planted: 'the commit does not wait for packs that are still on their way to the store',
  perCommit: 6,
  needs: ['cc'],

  async open() {
    const site = await Site.open();
    const lengths = new Map<number, Length>();
    for (const size of new Set(SIZES)) {
      const prepare = () => {
        site.reset();
        changeTree(site.from, new Chance('to be measured'), size);
      };
      lengths.set(size, await measure(site, WORDS, prepare));
    }
    return {
      async run(seed) {
        const chance = new Chance(`kill-save ${seed}`);
        const ledger = site.reset();
        // What is remembered of the directory is used then.
        if (chance.once(2)) await site.engine(({ workspaces }) => site.save(workspaces, ledger));
        const size = chance.pick(SIZES);
        changeTree(site.from, chance, size);
        const pending = factsOf(site.from);
        const before = new Set(objects(site));
        const known = new Set(ledger.keys());
        const killed = await killInside(site, WORDS, lengths.get(size)!, chance);
        const stored = storedPhase(site, before);
        return within(killed, stored, async () => {
          const listed = await expectWhole(site, ledger, { pending }, chance);
          const isThere = [...listed].some((ref) => !known.has(ref));
          if (killed.how === 'ended before' && !isThere)
            throw new Error('the save was acknowledged, and is not listed');
          if (stored === 'head published' && !isThere)
            throw new Error('the head is in the store, and the snapshot is not listed');
          await expectToGoOn(site, ledger, chance);
          if (killed.how === 'ended before') return { count: 0, hit: [killed.how] };
          const phase = isThere && stored !== 'head published' ? 'committed' : stored;
          return { count: 1, hit: [killed.how, phase] };
        });
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

/** How far it came, by what is in the store. @param before names that were there when it began */
function storedPhase(site: Site, before: ReadonlySet<string>): string {
  const fresh = objects(site).filter((name) => !before.has(name));
  const has = (kind: string) => fresh.some((name) => name.includes(`/${kind}/`));
  if (has('heads')) return 'head published';
  if (has('index')) return 'segment stored';
  if (has('data') || has('tree')) return 'packs stored';
  return temporary(site).length > 0 ? 'pack begun' : 'nothing stored';
}
