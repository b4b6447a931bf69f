/** The bytes of one file of a snapshot. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { extentPages, unpackExtents } from '../tree/index.ts';
import type { FileEntry } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';

/** Zeros of holes are handed out in pieces of this many bytes. */
const ZEROS = new Uint8Array(64 * 1024);

/** Part by part, each verified before it is given out. @throws integrity, cancelled */
export async function* fileContent(
  source: ContentSource,
  file: FileEntry,
  options: Cancellable,
): AsyncGenerator<Uint8Array, void> {
  for await (const page of extentPages(source, file, options)) {
    for (const { chunk, length } of unpackExtents(page)) {
      if (chunk === undefined) yield* zeros(length);
      else {
        const bytes = await source.chunk(chunk);
        if (bytes.length !== length)
          throw new StrataError('integrity', 'a file is damaged: a chunk of it has another length');
        yield bytes;
      }
    }
  }
}

function* zeros(length: number): Generator<Uint8Array, void> {
  for (let left = length; left > 0; left -= ZEROS.length)
    yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
