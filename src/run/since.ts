/** How long something took, for logs. */

import type { RunWorld } from './world.ts';

/** `1.23 s`. @param started of the same clock */
export function since({ clock }: RunWorld, started: number): string {
  return `${((clock() - started) / 1000).toFixed(2)} s`;
}
