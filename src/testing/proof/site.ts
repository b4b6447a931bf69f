/**
 * A home with a past, and what was acknowledged in it: workspace `web` with snapshots 2 to 5 of a directory that changed, its fork `twin`,
 * and packs of which less is needed than is in them. Made once in a run; each case works on a copy, always at the same place.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Engine } from '../../index.ts';
import { Chance } from './chance.ts';
import { apart, factsOf } from './facts.ts';
import type { Facts } from './facts.ts';
import { changeTree, plantTree } from './growing-tree.ts';
import { copyInto, makePlace, removePlace } from './place.ts';
import { strataProgram } from './program.ts';
import type { Program, Started } from './program.ts';

/** What was acknowledged. */
export interface Kept {
  readonly digest: string;
  readonly facts: Facts;
}

/** By reference, as in `web@2`. */
export type Ledger = Map<string, Kept>;

/** Where something is saved and comes back, wherever its store is. */
export interface Sited {
  /** The directory that is saved. */
  readonly from: string;
  /** Opens the home as a program would. */
  engine<Value>(use: (engine: Engine) => Promise<Value>): Promise<Value>;
  /** Saves `from` as it is, and writes down that it was acknowledged. */
  save(workspaces: Engine['workspaces'], ledger: Ledger): Promise<string>;
  /** @throws if what a snapshot gives back is not what was saved */
  compare(workspaces: Engine['workspaces'], ref: string, expected: Facts): Promise<void>;
}

/** @param files how many there are in the directory, about */
export async function makePast(site: Sited, files: number): Promise<Ledger> {
  const past: Ledger = new Map();
  const chance = new Chance('the past of a site');
  plantTree(site.from, chance, files);
  await site.engine(async ({ workspaces }) => {
    for (let number = 1; number <= 5; number++) {
      await site.save(workspaces, past);
      changeTree(site.from, chance);
    }
    await workspaces.fork('web@2', 'twin');
    past.set('twin@1', past.get('web@2')!);
    await workspaces.forget('web@1');
    past.delete('web@1');
  });
  return past;
}

export class Site implements Sited, Disposable {
  readonly program: Program;
  readonly directory: string;
  readonly #place: string;
  readonly #template: string;
  #past: ReadonlyMap<string, Kept> = new Map();

  private constructor(program: Program, place: string) {
    this.program = program;
    this.directory = join(place, 'case');
    this.#place = place;
    this.#template = join(place, 'template');
  }

  /** @param files how many there are in the directory, about */
  static async open(files = 24): Promise<Site> {
    const program = await strataProgram();
    const place = makePlace();
    const site = new Site(program, place);
    mkdirSync(site.directory);
    site.settle(await makePast(site, files));
    return site;
  }

  get home(): string {
    return join(this.directory, 'home');
  }

  get store(): string {
    return join(this.home, 'store');
  }

  get from(): string {
    return join(this.directory, 'from');
  }

  /** Two other directories that a case may make to be saved. */
  get sources(): { readonly first: string; readonly second: string } {
    return { first: join(this.directory, 'first'), second: join(this.directory, 'second') };
  }

  /** For what a case keeps beside the directory that is counted and copied. */
  beside(name: string): string {
    return join(this.#place, name);
  }

  /** Puts everything as it was in the beginning. @returns what is acknowledged then */
  reset(): Ledger {
    copyInto(this.#template, this.directory);
    return new Map(this.#past);
  }

  /** Makes of what is there now, and was acknowledged, the beginning of all cases from here on. */
  settle(ledger: Ledger): void {
    copyInto(this.directory, this.#template);
    this.#past = new Map(ledger);
  }

  /** Starts a command about the home, in the directory of the case. */
  start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Started {
    return this.program.start(words, this.directory, { ...environment, STRATA_HOME: this.home });
  }

  async engine<Value>(use: (engine: Engine) => Promise<Value>): Promise<Value> {
    const { openEngine } = this.program.library;
    await using engine = await openEngine({ home: this.home, env: {}, cwd: this.directory });
    // Awaited here: the engine closes when this function returns.
    return await use(engine);
  }

  async save(workspaces: Engine['workspaces'], ledger: Ledger): Promise<string> {
    const { snapshot, digest } = await workspaces.save(this.from, { workspace: 'web' });
    const ref = `web@${snapshot}`;
    ledger.set(ref, { digest, facts: factsOf(this.from) });
    return ref;
  }

  async compare(workspaces: Engine['workspaces'], ref: string, expected: Facts): Promise<void> {
    const to = this.beside('restored');
    rmSync(to, { recursive: true, force: true });
    await workspaces.restore(ref, to);
    const lines = apart(expected, factsOf(to));
    if (lines.length > 0) throw new Error(`${ref} comes back different:\n${lines.join('\n')}`);
  }

  [Symbol.dispose](): void {
    removePlace(this.#place);
  }
}
