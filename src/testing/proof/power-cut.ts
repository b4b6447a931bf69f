/** The rows of power cuts: what was acknowledged is there, and without fsync it would not be. */

import { Chance } from './chance.ts';
import { apart, factsOf } from './facts.ts';
import { changeTree } from './growing-tree.ts';
import { measure } from './killing.ts';
import { copyInto } from './place.ts';
import { PowerDisk } from './power-disk.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import { expectToGoOn, expectWhole, listAll } from './sound.ts';

const NEEDS = ['root', 'mounts', 'loop', 'cc'] as const;

/** What is under way when the power goes, after a save that was acknowledged. */
const UNDERWAY = {
  save: ['workspaces', 'save', 'second', '-w', 'web'],
  gc: ['store', 'gc', '--margin', '0'],
  forget: ['workspaces', 'forget', 'web@3'],
  'rotation of the root key': ['keys', 'rotate-root'],
} as const;
type Underway = keyof typeof UNDERWAY;

const firstSave = (site: Site) => ['workspaces', 'save', site.sources.first, '-w', 'web', '--json'];

const underwayOn = (site: Site, underway: Underway) =>
  UNDERWAY[underway].map((word) => (word === 'second' ? site.sources.second : word));

export const powerCut: ProofRow = {
  name: 'power-cut',
  claim:
    'What was acknowledged before the power went is there when it comes back, whole, and the home opens and goes on: also a home whose first save it was, and a restore with --sync.',
  unit: 'power cuts',
  planted: 'the content of an object is not synced before it gets its name',
  perCommit: 4,
  needs: NEEDS,

  async open() {
    const site = await Site.open();
    const changes = new Map<Underway, number>();
    for (const [name, words] of Object.entries(UNDERWAY)) {
      const prepare = () => {
        site.reset();
        makeSources(site, new Chance('to be measured'));
      };
      changes.set(name as Underway, (await measure(site, words, prepare)).changes);
    }
    const disk = new PowerDisk(site);
    return {
      async run(seed) {
        const chance = new Chance(`power-cut ${seed}`);
        const isFresh = chance.once(4);
        const underway = isFresh ? 'save' : chance.pick(Object.keys(UNDERWAY) as Underway[]);
        const restores = chance.once(4);
        const ledger = site.reset();
        if (isFresh) ledger.clear();
        const { first, second } = makeSources(site, chance);
        // Sometimes the very first change after what was acknowledged, which must be as safe as any.
        const at = chance.once(3) ? 1 : 1 + chance.below(changes.get(underway)!);
        const sync = ['workspaces', 'restore', 'web', disk.target, '--sync', '--quiet'];
        const { output, cut, code } = await disk.run({
          isFresh,
          steps: [firstSave(site), ...(restores ? [sync] : [])],
          last: underwayOn(site, underway),
          at,
        });
        const { snapshot, digest } = JSON.parse(output) as { snapshot: number; digest: string };
        ledger.set(`web@${snapshot}`, { digest, facts: first });
        if (code === 70) throw new Error('the command under way ended with 70');
        const doomed = new Set(underway === 'forget' ? ['web@3'] : []);
        const pending = underway === 'save' ? second : undefined;
        await expectWhole(site, ledger, { doomed, pending }, chance);
        if (restores) {
          const lines = apart(first, factsOf(disk.restored));
          if (lines.length > 0)
            throw new Error(`the restore with --sync came back different:\n${lines.join('\n')}`);
        }
        await expectToGoOn(site, ledger, chance);
        const what = isFresh ? 'first save of a home, then a save' : `save, then ${underway}`;
        return {
          count: cut === undefined ? 0 : 1,
          hit: [what, ...(restores ? ['restore --sync'] : []), cut ?? 'ended before'],
        };
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

export const powerCutControl: ProofRow = {
  name: 'power-cut-control',
  claim:
    'Where fsync does nothing, more than 90 % of what was acknowledged is lost by the same cut: the row above would see it.',
  unit: 'power cuts',
  planted: 'it is one itself: fsync and fdatasync return at once',
  perCommit: 2,
  needs: NEEDS,

  async open() {
    const site = await Site.open();
    const disk = new PowerDisk(site);
    let cases = 0;
    let kept = 0;
    return {
      async run(seed) {
        const chance = new Chance(`power-cut-control ${seed}`);
        const isFresh = chance.once(2);
        site.reset();
        const { first } = makeSources(site, chance);
        const ref = isFresh ? 'web@1' : 'web@6';
        const last = underwayOn(site, 'save');
        await disk.run({ isFresh, steps: [firstSave(site)], last, at: 1, noSync: true });
        const isKept = await site
          .engine(async ({ workspaces }) => {
            if ((await listAll(workspaces)).has(ref)) await site.compare(workspaces, ref, first);
            else throw new Error('lost');
          })
          .then(
            () => true,
            () => false,
          );
        cases++;
        if (isKept) kept++;
        if (kept * 10 > cases)
          throw new Error(`${kept} of ${cases} are there, though nothing was made durable`);
        return { count: 1, hit: [isKept ? 'kept' : 'lost'] };
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

/** Two directories to save, one after the other. */
function makeSources(site: Site, chance: Chance) {
  const { first, second } = site.sources;
  copyInto(site.from, first);
  changeTree(first, chance, chance.pick([0, 200_000]));
  copyInto(site.from, second);
  changeTree(second, chance, chance.pick([0, 200_000]));
  return { first: factsOf(first), second: factsOf(second) };
}
