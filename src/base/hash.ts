import { hash } from 'node:crypto';

import { plainBytes } from './bytes.ts';
import type { Sha256 } from './bytes.ts';

/** In one call: about 1.8 GB/s on one core with SHA-NI. */
export function sha256(bytes: Uint8Array): Sha256 {
  return plainBytes(hash('sha256', bytes, 'buffer')) as Sha256;
}
