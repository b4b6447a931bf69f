/** Limits as numbers. */

import { StrataError } from '../base/index.ts';

/** A hundredth is hardly any, but not of large limits. Bytes. */
const SHARE = 100;
const MOST = 16 * 1024 * 1024;

/** Kernels write in parts of up to 2 MiB, and refuse them whole; of a small limit that would be most of it. */
const LEAST = 4 * 1024 * 1024;
const LARGEST_SHARE = 8;

/** @param left bytes of `limit` */
export function isHardlyAny(left: number, limit: number): boolean {
  return left < Math.min(Math.max(limit / SHARE, LEAST), limit / LARGEST_SHARE, MOST);
}

/** @throws bad_input */
export function checkLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit > 0) return;
  throw new StrataError('bad_input', `${limit} is no number of bytes that a directory may hold`, {
    hint: 'Give a whole number above 0.',
    details: { limit },
  });
}
