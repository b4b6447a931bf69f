/** How long two changes of a file may look like one: then the second leaves no trace in its times. */

import type { Stats } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Kernels stamp changes by a clock that ticks every 1–10 ms. Milliseconds. */
export const TICK_MS = 20;

/** Some file systems keep whole seconds: ext3, ext4 with inodes of 128 bytes, HFS+; FAT every other one; NFS what is below it keeps. */
const COARSE_TICK_MS = 2000 + TICK_MS;

/** @param ctimeMs of a file. A whole second is hardly ever one by chance, and then only costs time */
export function tickOf(ctimeMs: number): number {
  return ctimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS;
}

/**
 * Whether another change could still leave no trace.
 *
 * @param now milliseconds. In whole ones it lies a little before a change that has just been made; far before it, the file comes from
 *   elsewhere, where clocks are different
 */
export function isYoung({ ctimeMs }: Pick<Stats, 'ctimeMs'>, now: number): boolean {
  return Math.abs(now - ctimeMs) < tickOf(ctimeMs);
}

/** Milliseconds until a young file is one no more. */
export function youth({ ctimeMs }: Pick<Stats, 'ctimeMs'>, now: number): number {
  const tick = tickOf(ctimeMs);
  return Math.min(tick, ctimeMs + tick - now);
}

/** Of files that we write ourselves: when each later change of them shows. */
export class Rest {
  #touchedAt = 0;
  #tick = TICK_MS;

  /** Just now something was written. */
  touched(): void {
    this.#touchedAt = performance.now();
  }

  /** @param ctimeMs of a file that was written: how exact times are here */
  saw(ctimeMs: number): void {
    this.#tick = Math.max(this.#tick, tickOf(ctimeMs));
  }

  async over(): Promise<void> {
    const passed = performance.now() - this.#touchedAt;
    if (passed < this.#tick) await setTimeout(this.#tick - passed);
  }
}
