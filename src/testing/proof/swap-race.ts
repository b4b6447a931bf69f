/** The row of directories that become links while they are saved, or restored into. */

import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Engine } from '../../index.ts';
import { Chance } from './chance.ts';
import { apart, factsOf } from './facts.ts';
import type { Facts } from './facts.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import { startSwapping } from './swapping.ts';

/** Operations of a case, so that the process that swaps is started once for many. */
const ROUNDS = 12;
/** Milliseconds that one may take. */
const PATIENCE = 20_000;

const SECRET = 'a secret that stands outside';
/** Bytes of a file that threads are started for. */
const LARGE = 9_000_000;

/** What a save or a restore may end with when everything is moved under it. */
const TYPED: ReadonlySet<string> = new Set([
  'file_changed',
  'unreadable',
  'conflict',
  'not_found',
  'bad_input',
  'target_not_empty',
  'unavailable',
  'refused',
]);

export const swapRace: ProofRow = {
  name: 'swap-race',
  claim:
    'Whatever is swapped for a link while a directory is saved or restored into, nothing outside of it is read or written, and nothing hangs.',
  unit: 'swaps',
  planted: 'directories are opened without O_NOFOLLOW',
  perCommit: 6,
  needs: ['cc'],

  async open() {
    const site = await Site.open();
    return {
      async run(seed) {
        const chance = new Chance(`swap-race ${seed}`);
        site.reset();
        const scene = makeScene(site, chance);
        const operation = chance.pick(['save', 'restore'] as const);
        const what = chance.pick(['a directory', 'a directory below', 'a file', 'all of them'] as const);
        const pause = chance.pick([0, 1_000, 20_000, 100_000]);
        const place = operation === 'save' ? scene.tree : scene.target;
        const pairs = pairsOf(site, place, what);
        const outcomes = await site.engine(async ({ workspaces }) => {
          if (operation === 'restore') await workspaces.save(scene.tree, { workspace: 'swapped' });
          if (operation === 'restore') await workspaces.restore('swapped', scene.target);
          await using swapping = await startSwapping(site.beside('swaps'), pairs, pause);
          let swaps = 0;
          const hit: string[] = [];
          for (let round = 0; round < ROUNDS; round++) {
            const before = swapping.count();
            const work =
              operation === 'save' ? save(workspaces, scene, round) : restore(workspaces, scene, round);
            const code = await inTime(work, `${operation} with ${what} swapped`);
            swaps += swapping.count() - before;
            hit.push(`${operation}: ${code}`);
          }
          return { count: swaps, hit };
        });
        expectUntouched(scene);
        if (operation === 'save')
          await site.engine(({ workspaces }) => expectNothingFromOutside(site, workspaces));
        return { count: outcomes.count, hit: [`${operation}, ${what}`, ...outcomes.hit] };
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

interface Scene {
  readonly tree: string;
  readonly target: string;
  readonly outside: string;
  readonly outsideFacts: Facts;
}

/** A directory to save, a target, and what neither may touch, with the same names in it. */
function makeScene(site: Site, chance: Chance): Scene {
  const tree = join(site.directory, 'tree');
  const outside = join(site.directory, 'outside');
  const target = join(site.directory, 'target');
  for (const [place, text] of [
    [tree, 'inside'],
    [outside, SECRET],
  ] as const) {
    mkdirSync(join(place, 'd', 'below'), { recursive: true });
    mkdirSync(join(place, 'below'), { recursive: true });
    for (const name of ['d/a', 'd/below/b', 'a', 'b', 'below/b']) writeFileSync(join(place, name), text);
  }
  // Not in the tree: whoever follows a link to remove that takes this.
  for (const name of ['d', 'd/below', 'below']) writeFileSync(join(outside, name, 'theirs'), SECRET);
  for (let file = 0; file < 20; file++)
    writeFileSync(join(tree, 'd', 'below', `more-${file}`), `inside ${file}`);
  if (chance.once(6)) writeFileSync(join(tree, 'd', 'below', 'large'), chance.bytes(LARGE));
  return { tree, target, outside, outsideFacts: factsOf(outside) };
}

/** Links to what is outside, beside the place, that take turns with what is in it. */
function pairsOf(site: Site, place: string, what: string): (readonly [string, string])[] {
  const links = join(site.directory, 'links');
  mkdirSync(links);
  const pairs = { d: 'd', 'd/below': 'below', 'd/a': 'a' };
  const chosen =
    { 'a directory': ['d'], 'a directory below': ['d/below'], 'a file': ['d/a'] }[what] ?? Object.keys(pairs);
  return Object.entries(pairs)
    .filter(([name]) => chosen.includes(name))
    .map(([name, outside], number) => {
      const link = join(links, String(number));
      symlinkSync(join(site.directory, 'outside', outside), link);
      return [join(place, name), link] as const;
    });
}

async function save(workspaces: Engine['workspaces'], scene: Scene, round: number): Promise<void> {
  // Something to read each time.
  writeFileSync(join(scene.tree, 'a'), `inside ${round}`);
  await workspaces.save(scene.tree, { workspace: 'swapped' });
}

async function restore(workspaces: Engine['workspaces'], scene: Scene, round: number): Promise<void> {
  // Something to write each time.
  writeFileSync(join(scene.target, 'a'), `other ${round}`);
  // And to remove, every second time.
  const exact = round % 2 === 1;
  writeFileSync(join(scene.target, 'foreign'), `${round}`);
  await workspaces.restore('swapped@1', scene.target, { overwrite: true, exact });
}

/** @returns `done`, or the code of the error that it ended with */
async function inTime(work: Promise<void>, what: string): Promise<string> {
  let watch: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    watch = setTimeout(() => reject(new Error(`${what} hangs`)), PATIENCE);
  });
  try {
    await Promise.race([work, hung]);
    return 'done';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!TYPED.has(code)) throw error;
    return code;
  } finally {
    clearTimeout(watch);
  }
}

function expectUntouched({ outside, outsideFacts }: Scene): void {
  const lines = apart(outsideFacts, factsOf(outside));
  if (lines.length > 0) throw new Error(`something was written outside:\n${lines.join('\n')}`);
}

/** In no snapshot of all that were saved meanwhile. */
async function expectNothingFromOutside(site: Site, workspaces: Engine['workspaces']): Promise<void> {
  const names = (await workspaces.list()).map(({ name }) => name);
  const log = names.includes('swapped') ? await workspaces.log('swapped') : [];
  for (const { snapshot } of log) {
    const to = site.beside('restored');
    rmSync(to, { recursive: true, force: true });
    await workspaces.restore(`swapped@${snapshot}`, to);
    // A link may be saved, as the link that it was for a moment.
    for (const [name, { told }] of factsOf(to))
      if (told.startsWith('file') && readFileSync(join(to, name)).includes(SECRET))
        throw new Error(`swapped@${snapshot}:${name} was read from outside`);
  }
}
