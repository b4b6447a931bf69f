/** Whose caches a run may use: those of runs of the same source. Another source must not be able to put something in its way. */

import { sha256, toHex, utf8 } from '../base/index.ts';
import type { RunSource } from './request.ts';

/** Hex digits. */
const DIGITS = 32;

export function cacheDomain(source: RunSource | undefined): string {
  return toHex(sha256(utf8(source?.location ?? ''))).slice(0, DIGITS);
}
