/** What a collection leaves for another one, and why. */

import type { Announced } from './announce.ts';

/** Condemned objects that stay. */
export interface Waiting {
  /** What they wait for: the margin, or something under way that began before they were condemned. */
  readonly for: 'margin' | Announced['kind'];
  readonly objects: number;
  readonly bytes: number;
  /** When that is over at the latest. Milliseconds since 1970; undefined: not before the clock was looked at. */
  readonly until: number | undefined;
}

/** One for all that wait for the same. */
export function waitingTogether(each: readonly Waiting[]): readonly Waiting[] {
  const together = new Map<Waiting['for'], Waiting>();
  for (const one of each) {
    const known = together.get(one.for);
    const until = Math.max(one.until ?? Infinity, known === undefined ? 0 : (known.until ?? Infinity));
    together.set(one.for, {
      for: one.for,
      objects: one.objects + (known?.objects ?? 0),
      bytes: one.bytes + (known?.bytes ?? 0),
      until: Number.isFinite(until) ? until : undefined,
    });
  }
  return [...together.values()];
}
