/** How long a workspace is kept once its session has ended. */

import type { SessionRetention } from './results.ts';
import type { SessionTable } from '../db/index.ts';
import type { RetentionRange } from './world.ts';

export interface ClampedRetention {
  /** Milliseconds. */
  readonly effective: number;
  readonly clamped: boolean;
}

/** @param requested milliseconds; undefined: the default */
export function clampRetention(
  requested: number | undefined,
  { default: usual, min, max }: RetentionRange,
): ClampedRetention {
  const effective = Math.min(Math.max(requested ?? usual, min), max);
  return { effective, clamped: requested !== undefined && effective !== requested };
}

/** What was promised, once it has ended; until then what would be, as the configuration is now. */
export function retentionOf(
  { retention_requested, retention, expires }: SessionTable,
  range: RetentionRange,
): SessionRetention {
  const requested = retention_requested ?? undefined;
  const effective = retention ?? clampRetention(requested, range).effective;
  return {
    requested,
    effective,
    clamped: requested !== undefined && effective !== requested,
    expiresAt: expires ?? undefined,
  };
}
