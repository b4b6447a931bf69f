/** The row of snapshots and workspaces that are being removed by a process that is killed. */

import { Chance } from './chance.ts';
import { killInside, measure, within } from './killing.ts';
import type { Length } from './killing.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import { expectToGoOn, expectWhole, objects } from './sound.ts';

/** What is removed by which command, of all that a site has. */
const REMOVALS = [
  { words: ['workspaces', 'forget', 'web@3'], doomed: ['web@3'] },
  { words: ['workspaces', 'forget', 'web', '--keep-last', '1'], doomed: ['web@2', 'web@3', 'web@4'] },
  { words: ['workspaces', 'forget', 'web', '--keep-last', '2'], doomed: ['web@2', 'web@3'] },
  { words: ['workspaces', 'rm', 'web'], doomed: ['web@2', 'web@3', 'web@4', 'web@5'] },
  { words: ['workspaces', 'rm', 'twin'], doomed: ['twin@1'] },
] as const;

export const killForget: ProofRow = {
  name: 'kill-forget',
  claim:
    'Snapshots whose removal is killed are all there or all gone, the others are untouched, and the removal can be run again.',
  unit: 'kills',
  planted: 'heads are deleted before the transaction that removes their snapshots',
  perCommit: 6,
  needs: ['cc'],

  async open() {
    const site = await Site.open();
    const lengths = new Map<unknown, Length>();
    for (const removal of REMOVALS)
      lengths.set(removal, await measure(site, removal.words, () => site.reset()));
    return {
      async run(seed) {
        const chance = new Chance(`kill-forget ${seed}`);
        const ledger = site.reset();
        const removal = chance.pick(REMOVALS);
        const doomed = new Set<string>(removal.doomed);
        const heads = () => objects(site).filter((name) => name.includes('/heads/')).length;
        const before = heads();
        const killed = await killInside(site, removal.words, lengths.get(removal)!, chance);
        const gone = before - heads();
        return within(killed, removal.words.join(' '), async () => {
          const listed = await expectWhole(site, ledger, { doomed }, chance);
          const left = [...doomed].filter((ref) => listed.has(ref)).length;
          if (left > 0 && left < doomed.size) throw new Error(`${left} of ${doomed.size} snapshots are left`);
          if (left > 0 && gone > 0) throw new Error('heads are gone, and their snapshots are listed');
          if (left > 0 && killed.how === 'ended before')
            throw new Error('the removal was acknowledged, and the snapshots are listed');
          if (left > 0) {
            const again = await site.start(removal.words).ended;
            if (again.code !== 0) throw new Error(`run again it ended with ${again.code}: ${again.stderr}`);
            await expectWhole(site, ledger, { doomed }, chance);
            if ([...doomed].some((ref) => ledger.has(ref))) throw new Error('run again it removed nothing');
          }
          await expectToGoOn(site, ledger, chance);
          if (killed.how === 'ended before') return { count: 0, hit: [killed.how] };
          return { count: 1, hit: [killed.how, phaseOf(left, gone, doomed.size)] };
        });
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

function phaseOf(left: number, gone: number, all: number): string {
  if (left > 0) return 'before the transaction';
  if (gone === 0) return 'heads still there';
  return gone < all ? 'some heads gone' : 'all heads gone';
}
