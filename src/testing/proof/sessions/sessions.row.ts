/** Proof row: many sessions that rest, go on elsewhere, lose their runners, go back and end, several at once. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { doWhatIsQuick, doWhatIsSlow } from '../../../session/index.ts';
import { verifyStore } from '../../../vault/index.ts';
import { restoreSnapshot } from '../../../workspace/index.ts';
import { Chance } from '../chance.ts';
import { difference, readFiles } from '../model/directory.ts';
import type { Files } from '../model/naive.ts';
import type { ProofRow } from '../row.ts';
import * as acts from './act.ts';
import type { Actor } from './act.ts';
import * as lost from './lost.ts';
import type { NaiveSession } from './naive.ts';
import { SessionSite } from './site.ts';

const PER_COMMIT = 1;
interface Size {
  readonly sessions: number;
  /** Operations on each. */
  readonly steps: number;
}

/** The first cases are those of each commit. */
const SMALL: Size = { sessions: 20, steps: 3 };
const FULL: Size = { sessions: 200, steps: 12 };
/** Of the sessions so many are made by forks. */
const FORKS = 1 / 4;
/** Of different sessions at once. */
const AT_ONCE = 8;
/** One session in so many has all its snapshots restored at the end. */
const SAMPLED = 4;
/** Bytes that the process may have with all of them at work. */
const MOST_MEMORY = 1e9;
const MEMORY_STEP = 64e6;

type Act = (actor: Actor) => Promise<void>;

/** How often each is drawn. */
const ACTIVE: readonly (readonly [Act, number])[] = [
  [acts.write, 8],
  [acts.exec, 1],
  [acts.checkpoint, 3],
  [acts.suspend, 3],
  [acts.suspendWhileSaving, 1],
  [acts.suspendBeneathCommand, 0.3],
  [acts.restore, 2],
  [acts.fork, 1],
  [acts.terminate, 1],
  [lost.lose, 2],
  [lost.cutOff, 2],
];
const SUSPENDED: readonly (readonly [Act, number])[] = [
  [acts.resume, 6],
  [acts.resumeByAll, 2],
  [acts.restore, 1],
  [acts.fork, 1],
  [acts.terminate, 1],
];
const LOST: readonly (readonly [Act, number])[] = [
  [lost.goOn, 2],
  [lost.goElsewhere, 3],
  [lost.sync, 1],
  [lost.terminateLost, 1],
];
const TERMINATED: readonly (readonly [Act, number])[] = [
  [acts.undelete, 3],
  [acts.fork, 1],
];

export const sessions: ProofRow = {
  name: 'sessions',
  claim:
    'Whatever sessions go through on several runners, several at once, each has exactly its files; what a lost runner had is kept, and nothing is committed under a lease that is over.',
  unit: 'operations',
  planted: 'neither fence nor claim is looked at when a snapshot is committed',
  perCommit: PER_COMMIT,
  async open() {
    return {
      async run(seed) {
        await using site = await SessionSite.open();
        const day = new Day(site, new Chance(`sessions ${seed}`), seed <= PER_COMMIT ? SMALL : FULL);
        await day.work();
        await day.end();
        return { count: day.done.length, hit: [...day.done, day.memory] };
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

/** Of one session. */
interface Life {
  readonly actor: Actor;
  readonly steps: string[];
}

class Day {
  readonly done: string[] = [];
  readonly #site: SessionSite;
  readonly #chance: Chance;
  readonly #size: Size;
  readonly #lives: Life[] = [];
  #made = 0;
  #memory = 0;
  #isOver = false;

  constructor(site: SessionSite, chance: Chance, size: Size) {
    this.#site = site;
    this.#chance = chance;
    this.#size = size;
  }

  get memory(): string {
    return `at most ${(Math.ceil(this.#memory / MEMORY_STEP) * MEMORY_STEP) / 1e6} MB`;
  }

  /** All begin; then each goes its way, and runners do what is due. */
  async work(): Promise<void> {
    const first = Array.from({ length: Math.ceil(this.#size.sessions * (1 - FORKS)) }, (_, at) => `s${at}`);
    this.#made = first.length;
    await this.#each(first, async (name) => {
      const chance = new Chance(`${this.#chance.below(2 ** 31)} ${name}`);
      this.#adopt(await acts.create(this.#site, name, chance));
    });
    const waiting = [...this.#lives];
    const keeping = this.#keep();
    await this.#each(waiting, async (life) => {
      await this.#step(life);
      if (life.steps.length < this.#size.steps) waiting.push(life);
      // Forks of this step.
      for (const made of this.#lives)
        if (made.steps.length === 0 && !waiting.includes(made)) waiting.push(made);
    }).finally(() => (this.#isOver = true));
    await keeping;
  }

  /** Each rests, goes on with some runner, and has its files; then nothing may be missing of what runners have left. */
  async end(): Promise<void> {
    await this.#each([...this.#lives], (life) => this.#told(life, 'the end', () => this.#end(life.actor)));
    for (const runner of this.#site.runners) await doWhatIsSlow(runner);
    for (const life of this.#lives) await this.#told(life, 'a look', () => this.#look(life.actor.session));
    const { problems } = await verifyStore(this.#site.parts.vault, { readData: true });
    acts.expectSame(problems, []);
    if (this.#size === FULL && this.#memory > MOST_MEMORY)
      throw new Error(`it took ${this.#memory} bytes of memory`);
  }

  async #step(life: Life): Promise<void> {
    const { session, chance } = life.actor;
    const lots =
      session.state === 'active'
        ? ACTIVE
        : session.state === 'terminated'
          ? TERMINATED
          : session.isLost
            ? LOST
            : SUSPENDED;
    const act = draw(lots, chance);
    await this.#told(life, act.name, () => act(life.actor));
    this.done.push(act.name);
    this.#memory = Math.max(this.#memory, process.memoryUsage.rss());
  }

  async #end(actor: Actor): Promise<void> {
    const { session, site, chance } = actor;
    if (session.state === 'terminated') await acts.undelete(actor);
    if (session.isLost) await lost.goOn(actor);
    if (session.state === 'active') {
      await acts.expectFiles(site, session);
      await acts.suspend(actor);
    }
    await acts.resume(actor);
    await acts.suspend(actor);
    if (!chance.once(SAMPLED)) return;
    for (const [number, files] of session.known)
      acts.expectSame(difference(await this.#restored(`${session.name}@${number}`), files), undefined);
  }

  /** At what was kept of runners whose lease was over. */
  async #look({ name, left }: NaiveSession): Promise<void> {
    const kept: Files[] = [];
    for (const conflict of (await this.#site.show(name)).conflicts) kept.push(await this.#restored(conflict));
    for (const { files, isAlone } of left)
      if (isAlone && !kept.some((each) => difference(each, files) === undefined))
        throw new Error('files of a runner that was lost are not kept');
    for (const each of kept)
      if (!left.some(({ files }) => difference(each, files) === undefined))
        throw new Error('something is kept that no runner has had');
  }

  async #restored(ref: string): Promise<Files> {
    const out = join(this.#site.place, 'out', ref);
    await restoreSnapshot(this.#site.parts.world, ref, out);
    const files = readFiles(out);
    rmSync(out, { recursive: true });
    return files;
  }

  #adopt(session: NaiveSession): void {
    const actor = {
      site: this.#site,
      session,
      chance: this.#chance.fork(),
      adopt: (made: NaiveSession) => this.#adopt(made),
      hasRoom: () => this.#made < this.#size.sessions && ++this.#made > 0,
    };
    this.#lives.push({ actor, steps: [] });
  }

  /** What runners do by themselves, beside everything else. */
  async #keep(): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const runner = this.#site.runners[turn % this.#site.runners.length]!;
      await doWhatIsQuick(runner);
      await doWhatIsSlow(runner);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #each<Item>(items: Item[], act: (item: Item) => Promise<void>): Promise<void> {
    const wrong: unknown[] = [];
    const worker = async () => {
      for (let item = items.shift(); item !== undefined && wrong.length === 0; item = items.shift())
        await act(item).catch((reason: unknown) => void wrong.push(reason));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (wrong.length > 0) throw wrong[0];
  }

  async #told({ actor: { session }, steps }: Life, what: string, act: () => Promise<void>): Promise<void> {
    steps.push(what);
    try {
      await act();
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`${session.name}, after ${steps.join(', ')}: ${reason}`, { cause: error });
    }
  }
}

function draw(lots: readonly (readonly [Act, number])[], chance: Chance): Act {
  const all = lots.reduce((sum, [, weight]) => sum + weight, 0);
  let at = chance.fraction() * all;
  return lots.find(([, weight]) => (at -= weight) < 0)![0];
}
