/**
 * Finds out that a limit is exceeded, where nobody says so. What is used is counted now and then; in between, and while it is counted, it is
 * guessed, the more often the less room is left. A guess that is over the limit is no proof, since others use the same disk: then the writers are
 * stopped, and it is counted again.
 */

import { setTimeout } from 'node:timers/promises';

import { cancelled, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Writers } from './quota.ts';

export interface Gauge {
  /** Bytes that are used by now, as far as can be told at once: rather too many. */
  guess(): number;
  /** Exactly, if nobody writes; guesses start from what it was when the counting began. */
  count(options: Cancellable): Promise<number>;
}

/** What may be there: the limit; or what was there when it was opened, if that was more, less what is deleted of it. Bytes. */
export class Ceiling {
  readonly #limit: number;
  #bytes: number;

  constructor(limit: number, before: number) {
    this.#limit = limit;
    this.#bytes = Math.max(limit, before);
  }

  get bytes(): number {
    return this.#bytes;
  }

  lower(counted: number): void {
    this.#bytes = Math.max(this.#limit, Math.min(this.#bytes, counted));
  }
}

/** Bytes in a millisecond: as fast as memory is filled by several at once (7 were seen). */
const FASTEST = 16 * 1024 * 1024;

/** Milliseconds between two guesses. A guess takes some 10 µs. */
const SHORTEST_WAIT = 1;
const LONGEST_WAIT = 250;

/** Milliseconds between two counts that nothing has asked for; and no more than a twentieth of the time is spent on them. */
const PERIOD = 2000;
const REST = 19;

/** A quarter of what may be over a limit: so much may be written before one asks what is there. Bytes, and a share of the limit. */
const SLACK = 4 * 1024 * 1024;
const SLACK_SHARE = 400;

/** As `exceeded` of the contract. */
export async function untilExceeded(
  gauge: Gauge,
  ceiling: Ceiling,
  signal: AbortSignal,
  writers: Writers | undefined,
): Promise<void> {
  const slack = Math.max(SLACK, ceiling.bytes / SLACK_SHARE);
  const standstill = new Standstill(writers);
  let rest = 0;
  let took = 0;
  let over = false;
  try {
    for (;;) {
      const foresees = standstill.isPossible;
      if (await untilSuspicious(gauge, ceiling, { slack, took, rest, foresees }, signal))
        await standstill.begin();
      const guessed = gauge.guess();
      const began = performance.now();
      over = await isOver(gauge, ceiling, standstill, signal);
      if (over) return;
      took = performance.now() - began;
      // It was others who have filled the disk: for them the writers stand still half of the time at most.
      rest = guessed - gauge.guess() > slack ? took : 0;
      await standstill.end();
    }
  } finally {
    // For whoever stops them for good they stand still already.
    if (!over) await standstill.end();
  }
}

/** Where writers can be stopped it is only so if nobody wrote while it was counted. @throws cancelled */
async function isOver(
  gauge: Gauge,
  ceiling: Ceiling,
  standstill: Standstill,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const stood = standstill.isOn;
    const counted = await countOnGuard(gauge, ceiling, standstill, signal);
    const certain = stood || !standstill.isPossible;
    if (counted > ceiling.bytes && certain) return true;
    // What was written while it was counted is there, but perhaps some of it not for long.
    if (certain || (counted <= ceiling.bytes && !(standstill.isOn && gauge.guess() > ceiling.bytes))) {
      ceiling.lower(counted);
      return false;
    }
    await standstill.begin();
  }
}

/** Counts, and stops the writers meanwhile as soon as they may be over the limit. @throws cancelled */
async function countOnGuard(
  gauge: Gauge,
  ceiling: Ceiling,
  standstill: Standstill,
  signal: AbortSignal,
): Promise<number> {
  const done = new AbortController();
  const counting = gauge.count({ signal }).finally(() => done.abort());
  // It is awaited below; until then a failure must not end the process.
  counting.catch(() => undefined);
  while (!done.signal.aborted && standstill.isPossible && !standstill.isOn) {
    const left = ceiling.bytes - gauge.guess();
    if (left < 0) await standstill.begin();
    else await pause(left, done.signal);
  }
  return counting;
}

interface Last {
  /** Milliseconds that the last count took. */
  readonly took: number;
  /** Milliseconds in which it takes more than `slack` bytes over the limit to be suspicious. */
  readonly rest: number;
  readonly slack: number;
  /** Whether it is enough that the limit will be exceeded before the next guess but one, if it goes on as it does. */
  readonly foresees: boolean;
}

/**
 * @returns false: it is time to count again in any case @throws cancelled
 */
async function untilSuspicious(
  gauge: Gauge,
  ceiling: Ceiling,
  last: Last,
  signal: AbortSignal,
): Promise<boolean> {
  const counted = performance.now();
  for (let before = gauge.guess(); ;) {
    throwIfAborted(signal);
    const waited = performance.now() - counted;
    const guess = gauge.guess();
    const left = ceiling.bytes - guess;
    const ahead = last.foresees ? 2 * (guess - before) : 0;
    before = guess;
    if (left < ahead && (waited >= last.rest || left < -last.slack)) return true;
    if (waited >= Math.max(PERIOD, REST * last.took)) return false;
    await pause(left, signal);
  }
}

/** Writers who are stopped, or not: once each. */
class Standstill {
  readonly #writers: Writers | undefined;
  isOn = false;

  constructor(writers: Writers | undefined) {
    this.#writers = writers;
  }

  get isPossible(): boolean {
    return this.#writers !== undefined;
  }

  async begin(): Promise<void> {
    if (this.isOn || this.#writers === undefined) return;
    this.isOn = true;
    await this.#writers.stop();
  }

  async end(): Promise<void> {
    if (!this.isOn) return;
    this.isOn = false;
    await this.#writers?.goOn();
  }
}

/** Never resolves. @throws cancelled */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelled(signal)), { once: true });
  });
}

/** As long as nobody can fill what is left; shorter if the signal aborts. */
async function pause(left: number, signal: AbortSignal): Promise<void> {
  const milliseconds = Math.min(Math.max(left / FASTEST, SHORTEST_WAIT), LONGEST_WAIT);
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
}
