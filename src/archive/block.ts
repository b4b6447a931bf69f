/** How a tar archive is laid out: everything in it starts at a block. */

/** Bytes. */
export const BLOCK = 512;

/** Blocks are written to tapes so many at a time, and an archive is filled up to a whole number of these. Bytes. */
export const RECORD = 20 * BLOCK;

/** Zeros from the end of `size` bytes to the next block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}
