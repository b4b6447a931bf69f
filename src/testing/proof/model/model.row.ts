/** Proof row: any sequence of commands answers as whole copies of everything would. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { isStrataError } from '../../../base/index.ts';
import { displayPath } from '../../../tree/index.ts';
import { collectTenant, verifyStore } from '../../../vault/index.ts';
import {
  cat,
  compare,
  forgetSnapshots,
  forkWorkspace,
  list,
  removeWorkspace,
  restoreSnapshot,
  saveDirectory,
} from '../../../workspace/index.ts';
import { Chance } from '../chance.ts';
import { fastDirectory } from '../fast-directory.ts';
import type { ProofRow, ProofRun } from '../row.ts';
import { ChangingDirectory, difference, readFiles } from './directory.ts';
import { ModelHome } from './home.ts';
import { NaiveWorkspaces, changesBetween } from './naive.ts';
import type { Expected, Files } from './naive.ts';

const STEPS = 15;
const HOUR = 60 * 60 * 1000;
const NAMES = ['one', 'two', 'three'];

/** How often each is drawn. */
const WEIGHTS = {
  save: 4,
  resave: 3,
  forget: 1,
  keep: 1,
  remove: 1,
  fork: 2,
  collect: 2,
  restore: 2,
  list: 1,
  cat: 1,
  diff: 1,
  restart: 1,
  rebuild: 1,
  verify: 1,
  part: 1,
} as const;
type Step = keyof typeof WEIGHTS;
const LOTS = Object.entries(WEIGHTS).flatMap(([step, weight]) =>
  Array.from({ length: weight }, () => step as Step),
);

export const model: ProofRow = {
  name: 'model',
  claim:
    'Any sequence of saves, forks, forgets, collections and restarts answers as whole copies of everything would.',
  unit: 'sequences',
  planted: 'packs of which one chunk is needed taken for dead',
  perCommit: 40,
  async open(): Promise<ProofRun> {
    const directory = mkdtempSync(join(fastDirectory(), 'strata-model-'));
    return {
      async run(seed) {
        const place = join(directory, `${seed}`);
        mkdirSync(place);
        const steps: string[] = [];
        try {
          await using home = await ModelHome.open(place, seed);
          const chance = new Chance(seed);
          const sequence = new Sequence(home, chance, place);
          for (let left = STEPS; left > 0; left--) {
            const step = left === STEPS ? 'save' : chance.pick(LOTS);
            steps.push(step);
            await sequence.step(step);
          }
          for (const step of ['collect', 'verify', 'all'] as const) {
            steps.push(step);
            await sequence.step(step);
          }
          return { count: 1, hit: steps };
        } catch (error) {
          const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
          throw new Error(`seed ${seed}, after ${steps.join(', ')}: ${told}`, { cause: error });
        } finally {
          rmSync(place, { recursive: true, force: true });
        }
      },
      async [Symbol.asyncDispose]() {
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

class Sequence {
  readonly #home: ModelHome;
  readonly #chance: Chance;
  readonly #place: string;
  readonly #naive = new NaiveWorkspaces();
  readonly #directories: readonly ChangingDirectory[];
  /** Directories that snapshots were restored to, whole. */
  readonly #restored: string[] = [];
  #outs = 0;

  constructor(home: ModelHome, chance: Chance, place: string) {
    this.#home = home;
    this.#chance = chance;
    this.#place = place;
    this.#directories = ['x', 'y'].map((name) => new ChangingDirectory(join(place, name), chance));
  }

  async step(what: Step | 'all'): Promise<void> {
    const { world, vault } = this.#home;
    const chance = this.#chance;
    const name = chance.pick(NAMES);
    const number = chance.once(2) ? undefined : 1 + chance.below(4);
    const ref = number === undefined ? name : `${name}@${number}`;
    switch (what) {
      case 'save': {
        const directory = chance.pick(this.#directories);
        if (!chance.once(4)) directory.change();
        const { snapshot } = await saveDirectory(world, directory.path, { workspace: name });
        expectSame(snapshot, this.#naive.save(name, readFiles(directory.path)));
        return;
      }
      case 'resave': {
        // What a restore has remembered of it may be of long ago.
        if (this.#restored.length === 0) return;
        const directory = chance.pick(this.#restored);
        const { snapshot } = await saveDirectory(world, directory, { workspace: name });
        expectSame(snapshot, this.#naive.save(name, readFiles(directory)));
        return;
      }
      case 'forget':
        return this.#changes(this.#naive.forget(name, number ?? 1), () =>
          forgetSnapshots(world, `${name}@${number ?? 1}`),
        );
      case 'keep': {
        const keepLast = 1 + chance.below(3);
        return this.#changes(this.#naive.keepLast(name, keepLast), () =>
          forgetSnapshots(world, name, { keepLast }),
        );
      }
      case 'remove':
        return this.#changes(this.#naive.remove(name), () => removeWorkspace(world, name));
      case 'fork': {
        const target = chance.pick(NAMES);
        return this.#changes(this.#naive.fork(name, number, target), () => forkWorkspace(world, ref, target));
      }
      case 'collect': {
        if (chance.once(3)) this.#home.passed += chance.below(3 * HOUR);
        const deletion = chance.once(3) ? HOUR : 0;
        await collectTenant(vault.world, world.vault, { deletion, leap: Infinity });
        return;
      }
      case 'restart':
        return this.#home.restart();
      case 'rebuild':
        return this.#home.rebuild(chance.once(2));
      case 'verify':
        expectSame((await verifyStore(vault, { readData: true })).problems, []);
        return;
      case 'all':
        for (const [each, snapshots] of this.#naive.all)
          for (const [at, files] of snapshots) await this.#restores(`${each}@${at}`, files);
        return;
      default:
        return this.#reads(what, ref, this.#naive.find(name, number));
    }
  }

  async #reads(
    what: 'restore' | 'list' | 'cat' | 'diff' | 'part',
    ref: string,
    files: Files | Expected,
  ): Promise<void> {
    const { world } = this.#home;
    if ('code' in files) return this.#changes(files, () => restoreSnapshot(world, ref, this.#out()));
    const paths = [...files.keys()].filter((path) => !path.endsWith('/'));
    if (what === 'restore') return this.#restores(ref, files);
    if (what === 'list') return expectSame(await this.#listed(ref), [...files.keys()].sort());
    if (what === 'diff') {
      const other = this.#chance.pick([...this.#naive.all.keys()]);
      const changes: string[] = [];
      for await (const { kind, path } of compare(world, ref, other))
        changes.push(`${kind} ${displayPath(path)}`);
      const expected = changesBetween(files, this.#naive.find(other) as Files);
      // A directory is told by its name alone.
      return expectSame(changes.sort(), expected.map((line) => line.replace(/\/$/, '')).sort());
    }
    if (paths.length === 0) return;
    const path = this.#chance.pick(paths);
    if (what === 'part') {
      const out = this.#out();
      await restoreSnapshot(world, ref, out, { path });
      const only = new Map(
        [...files].filter(([each]) => each === path || (each.endsWith('/') && path.startsWith(each))),
      );
      return expectSame(difference(readFiles(out), only), undefined);
    }
    const parts: Uint8Array[] = [];
    for await (const part of cat(world, `${ref}:${path}`)) parts.push(Uint8Array.from(part));
    expectSame(Buffer.concat(parts).equals(files.get(path)!), true);
  }

  async #listed(ref: string): Promise<string[]> {
    const paths: string[] = [];
    for await (const { path, entry } of list(this.#home.world, ref, { recursive: true }))
      paths.push(displayPath(path) + (entry.kind === 'directory' ? '/' : ''));
    return paths.sort();
  }

  async #restores(ref: string, files: Files): Promise<void> {
    const out = this.#out();
    await restoreSnapshot(this.#home.world, ref, out);
    const found = difference(readFiles(out), files);
    if (found !== undefined) throw new Error(`${ref} came back wrong: ${found}`);
    this.#restored.push(out);
  }

  async #changes(expected: Expected | undefined, run: () => Promise<unknown>): Promise<void> {
    let code = 'fine';
    try {
      await run();
    } catch (error) {
      if (!isStrataError(error)) throw error;
      if (error.code !== expected?.code) throw error;
      code = error.code;
    }
    expectSame(code, expected?.code ?? 'fine');
  }

  #out(): string {
    return join(this.#place, `out-${this.#outs++}`);
  }
}

function expectSame(found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`found ${a}, not ${b}`);
}
