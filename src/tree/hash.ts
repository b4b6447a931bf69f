import { hash } from 'node:crypto';

import type { Sha256 } from '../base/index.ts';

/** One-shot SHA-256: names nodes and makes digests. */
export function sha256(bytes: Uint8Array): Sha256 {
  return hash('sha256', bytes, 'buffer') as Uint8Array as Sha256;
}
