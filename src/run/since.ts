/** How long something took, for logs. */

import type { RunWorld } from './world.ts';

/** `seconds: 1.234`. @param started of the same clock */
export function since({ clock }: RunWorld, started: number): string {
  return `seconds: ${((clock() - started) / 1000).toFixed(3)}`;
}
