/** What an entry holds, in 32 bytes: for who compares two by sight. */

import { sha256, toHex } from '../base/index.ts';
import type { Entry } from './entry.ts';
import { EXTENT_BYTES, isHole } from './extent.ts';

const CHUNK_BYTES = 32;

/**
 * In hex. Of a directory its digest, of a link the SHA-256 of its target, of a file the SHA-256 over its list of extents; a file of
 * one chunk has that of its bytes, which is the chunk's name. Neither name nor mode nor time counts. Of a whiteout undefined.
 */
export function entryDigest(entry: Entry): string | undefined {
  const digest = entryDigestBytes(entry);
  return digest && toHex(digest);
}

/** The same as bytes, which may be a part of a node. */
export function entryDigestBytes(entry: Entry): Uint8Array | undefined {
  switch (entry.kind) {
    case 'directory':
      return entry.tree.digest;
    case 'symlink':
      return sha256(entry.target);
    case 'whiteout':
      return undefined;
    case 'file': {
      if (entry.content.form === 'listed') return entry.content.list;
      const { extents } = entry.content;
      const isChunk = extents.length === EXTENT_BYTES && !isHole(extents, 0);
      return isChunk ? extents.subarray(0, CHUNK_BYTES) : sha256(extents);
    }
  }
}
