/** Who goes on: every call that leaves a process stops here, and the seed says which of those that wait is next. */

import { setImmediate } from 'node:timers/promises';

import type { Chance } from '../chance.ts';

/** Thrown into a process that has died: nothing of it goes on. */
export class Died extends Error {}

interface Waiting {
  readonly process: string;
  readonly what: string;
  readonly go: () => void;
}

/**
 * Turns after which a process is given another rank, on average. While ranks stand, one process gets far while another stays where it is:
 * that finds what needs a long way between two steps, and turns that are all equal never do.
 */
const RANKED = 30;

/** Turns of the event loop in which nobody waits before the schedule is called stuck. */
const PATIENCE = 2000;

export class Turns {
  readonly #chance: Chance;
  /** Whether turns are given by rank, or to anybody. */
  readonly #isRanked: boolean;
  readonly #ranks = new Map<string, number>();
  readonly #dead = new Set<string>();
  #waiting: Waiting[] = [];
  /** What happened, for whoever has to find out why. */
  readonly log: string[] = [];
  readonly #onTurn: () => void;

  /** @param onTurn is called before each turn */
  constructor(chance: Chance, onTurn: () => void) {
    this.#chance = chance;
    this.#isRanked = !chance.once(4);
    this.#onTurn = onTurn;
  }

  /** A process waits until it is its turn; for ever, if it dies. */
  async wait(process: string, what: string): Promise<void> {
    if (this.#dead.has(process)) return new Promise<never>(() => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ process, what, go: resolve });
    await promise;
  }

  isDead(process: string): boolean {
    return this.#dead.has(process);
  }

  /** @returns what it was about to do */
  kill(process: string): readonly string[] {
    this.#dead.add(process);
    const lost = this.#waiting.filter((one) => one.process === process).map(({ what }) => what);
    this.#waiting = this.#waiting.filter((one) => one.process !== process);
    this.log.push(`${process} dies before ${lost.join(', ')}`);
    return lost;
  }

  #choose(): number {
    if (!this.#isRanked) return this.#chance.below(this.#waiting.length);
    for (const { process } of this.#waiting)
      if (!this.#ranks.has(process) || this.#chance.once(RANKED * this.#waiting.length))
        this.#ranks.set(process, this.#chance.below(2 ** 30));
    const best = Math.max(...this.#waiting.map(({ process }) => this.#ranks.get(process)!));
    return this.#waiting.findIndex(({ process }) => this.#ranks.get(process) === best);
  }

  /** Gives turns until `isOver`. @throws if nobody has anything to do */
  async run(isOver: () => boolean): Promise<void> {
    for (let idle = 0; !isOver();) {
      await setImmediate();
      if (this.#waiting.length === 0) {
        if (++idle > PATIENCE) throw new Error('nobody goes on');
        continue;
      }
      idle = 0;
      this.#onTurn();
      if (this.#waiting.length === 0) continue;
      const [next] = this.#waiting.splice(this.#choose(), 1);
      this.log.push(`${next!.process} ${next!.what}`);
      next!.go();
    }
  }
}
