import { hash } from 'node:crypto';

import type { Sha256 } from '../base/index.ts';

/** One-shot SHA-256; the id of a chunk is this over its plain bytes. About 1.8 GB/s on one core with SHA-NI. */
export function sha256(bytes: Uint8Array): Sha256 {
  return hash('sha256', bytes, 'buffer') as Uint8Array as Sha256;
}
