/** The row of restores that are killed. */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { Chance } from './chance.ts';
import { apart, factsOf } from './facts.ts';
import type { Facts } from './facts.ts';
import { changeTree } from './growing-tree.ts';
import { killInside, measure, within } from './killing.ts';
import type { Length } from './killing.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import { expectToGoOn, expectWhole } from './sound.ts';

const STAGING = '.strata-restore-';
/** Bytes of noise in the directory: so many that threads write it. */
const LARGE = 9_000_000;

const KINDS = ['new', 'new', 'used', 'used', 'exact', 'exact', 'large'] as const;
type Kind = (typeof KINDS)[number];

export const killRestore: ProofRow = {
  name: 'kill-restore',
  claim:
    'A restore that is killed anywhere leaves a new target whole or not there, and in a used one whole files, old or new; run again it completes, and sweeps up.',
  unit: 'kills',
  planted: 'a new target gets its name before its files are written',
  perCommit: 6,
  needs: ['cc'],

  async open() {
    const site = await Site.open();
    const lengths = new Map<Kind, Length>();
    for (const kind of new Set(KINDS)) {
      const again = () => prepare(site, kind, new Chance('to be measured'));
      const { words } = await again();
      lengths.set(kind, await measure(site, words, again));
    }
    return {
      async run(seed) {
        const chance = new Chance(`kill-restore ${seed}`);
        const kind = chance.pick(KINDS);
        const { ledger, ref, words, target } = await prepare(site, kind, chance);
        const wanted = ledger.get(ref)!.facts;
        const before: Facts = existsSync(target) ? factsOf(target) : new Map();
        const killed = await killInside(site, words, lengths.get(kind)!, chance);
        const phase = phaseOf(site, target);
        return within(killed, `${kind}, ${phase}`, async () => {
          const isUsed = kind === 'used' || kind === 'exact';
          if (isUsed) expectWholeFiles(target, before, wanted);
          else if (existsSync(target)) expectComplete(target, before, wanted, 'what can be seen');
          await expectWhole(site, ledger, {}, chance);
          // As somebody would who sees that it was cut off.
          await site.engine(({ workspaces }) =>
            workspaces.restore(ref, target, { overwrite: existsSync(target), exact: kind === 'exact' }),
          );
          expectComplete(target, kind === 'exact' ? new Map() : before, wanted, 'the second restore');
          for (const directory of [site.directory, target])
            if (stagingIn(directory).length > 0) throw new Error(`${directory} was not swept`);
          rmSync(target, { recursive: true });
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

async function prepare(site: Site, kind: Kind, chance: Chance) {
  const ledger = site.reset();
  const target = join(site.directory, 'target');
  let ref = 'web@5';
  await site.engine(async ({ workspaces }) => {
    if (kind === 'used' || kind === 'exact') {
      await workspaces.restore('web@2', target);
      changeTree(target, chance);
    }
    if (kind !== 'large') return;
    changeTree(site.from, chance, LARGE);
    ref = await site.save(workspaces, ledger);
  });
  const flags = { used: ['--overwrite'], exact: ['--exact'], new: [], large: [] }[kind];
  const words = ['workspaces', 'restore', ref, 'target', ...flags];
  return { ledger, ref, words, target };
}

function phaseOf(site: Site, target: string): string {
  const isThere = existsSync(target);
  const inside = isThere ? stagingIn(target) : [];
  // The end of the name says that files have begun to appear; see staging.ts.
  if (inside.length > 0)
    return inside.some((name) => /-[0-9a-f]{16}-[0-9a-f]{16}$/.test(name))
      ? 'files appear'
      : 'written inside';
  if (stagingIn(site.directory).length > 0) return 'written beside';
  return isThere ? 'nothing is staged, the target is there' : 'nothing is there';
}

function stagingIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith(STAGING));
}

/** Nobody sees a part of a file, nor a file of another name. */
function expectWholeFiles(target: string, before: Facts, wanted: Facts): void {
  for (const [path, { told: found }] of factsOf(target)) {
    if (path.startsWith(STAGING) || found.startsWith('directory')) continue;
    if (found !== before.get(path)?.told && found !== wanted.get(path)?.told)
      throw new Error(
        `${path} is a ${found}; it was a ${before.get(path)?.told}, and was saved as ${wanted.get(path)?.told}`,
      );
  }
}

/** All of the tree, and what was there besides. */
function expectComplete(target: string, before: Facts, wanted: Facts, what: string): void {
  const found = factsOf(target);
  const expected = new Map([...before, ...wanted]);
  const lines = apart(expected, found);
  if (lines.length > 0) throw new Error(`${what} is not complete:\n${lines.join('\n')}`);
}
