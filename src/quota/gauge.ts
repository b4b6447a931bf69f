/**
 * Finds out that a limit is exceeded, where nobody says so. What is used is counted now and then; in between it is guessed, the more often the
 * less room is left. A guess that is over the limit is no proof, since others use the same disk: it is counted again, while the writers stand still.
 */

import { setTimeout } from 'node:timers/promises';

import { cancelled, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Writers } from './quota.ts';

export interface Gauge {
  /** Bytes that are used by now, as far as can be told at once. */
  guess(): number;
  /** Exactly; guesses start from it. */
  count(options: Cancellable): Promise<number>;
}

/** Bytes in a millisecond: as fast as memory is filled. */
const FASTEST = 4 * 1024 * 1024;

/** Milliseconds between two guesses. A guess takes some 10 µs. */
const SHORTEST_WAIT = 2;
const LONGEST_WAIT = 250;

/** Milliseconds between two counts that nothing has asked for; and no more than a twentieth of the time is spent on them. */
const PERIOD = 2000;
const REST = 19;

/** As `exceeded` of the contract. */
export async function untilExceeded(
  gauge: Gauge,
  limit: number,
  signal: AbortSignal,
  writers: Writers | undefined,
): Promise<void> {
  let suspicious = false;
  for (;;) {
    const began = performance.now();
    const standing = suspicious ? writers : undefined;
    const over = await isOver(gauge, limit, signal, standing);
    if (over && (standing !== undefined || writers === undefined)) return;
    const took = performance.now() - began;
    suspicious = over || (await untilSuspicious(gauge, limit, took, signal));
  }
}

/** @param writers stay stopped if it is so */
async function isOver(
  gauge: Gauge,
  limit: number,
  signal: AbortSignal,
  writers: Writers | undefined,
): Promise<boolean> {
  let over = false;
  await writers?.stop();
  try {
    over = (await gauge.count({ signal })) > limit;
  } finally {
    if (!over) await writers?.goOn();
  }
  return over;
}

/** @param took milliseconds, of the last count @returns false: it is time to count again in any case */
async function untilSuspicious(
  gauge: Gauge,
  limit: number,
  took: number,
  signal: AbortSignal,
): Promise<boolean> {
  const counted = performance.now();
  for (;;) {
    const waited = performance.now() - counted;
    const left = limit - gauge.guess();
    // Where others fill the disk next to a limit, writers stand still half of the time at most.
    if (left < 0 && waited >= took) return true;
    if (waited >= Math.max(PERIOD, REST * took)) return false;
    await pause(Math.min(Math.max(left / FASTEST, SHORTEST_WAIT), LONGEST_WAIT), signal);
  }
}

/** Never resolves. @throws cancelled */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelled(signal)), { once: true });
  });
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch {
    throw cancelled(signal);
  }
}
