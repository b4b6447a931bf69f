/** Whether bytes are an archive that we read, told by how they begin. */

import { StrataError, asBuffer } from '../base/index.ts';
import { BLOCK, isZeroBlock } from './block.ts';
import type { ByteSource } from './byte-source.ts';
import { readHeader } from './header.ts';

/** How compressed files begin, in Latin-1, and what unpacks them to stdout. */
const COMPRESSED: readonly (readonly [start: string, name: string, command: string])[] = [
  ['\x1f\x8b', 'gzip', 'gzip -dc x.tar.gz'],
  ['\x28\xb5\x2f\xfd', 'zstd', 'zstd -dc x.tar.zst'],
  ['\xfd7zXZ\0', 'xz', 'xz -dc x.tar.xz'],
  ['BZh', 'bzip2', 'bzip2 -dc x.tar.bz2'],
  ['\x04\x22\x4d\x18', 'lz4', 'lz4 -dc x.tar.lz4'],
];

/** @throws bad_input, with what to do about it, unless a tar archive begins there */
export async function checkKind(source: ByteSource): Promise<void> {
  const start = await source.peek(BLOCK);
  if (start.length === BLOCK && (isZeroBlock(start) || readHeader(start) !== undefined)) return;
  const text = asBuffer(start).toString('latin1');
  const compressed = COMPRESSED.find(([magic]) => text.startsWith(magic));
  if (compressed !== undefined) {
    const [, name, command] = compressed;
    throw new StrataError('bad_input', `the archive is compressed with ${name}; only plain tar is read`, {
      hint: `Unpack it on the way: ${command} | strata workspaces import - -w NAME`,
    });
  }
  throw new StrataError('bad_input', start.length === 0 ? 'the archive is empty' : 'this is no tar archive', {
    hint: 'Give a tar archive as `tar cf` makes it.',
  });
}
