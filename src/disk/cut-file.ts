/** One open file becomes chunks and holes: docs/design.md 2. Needs nothing but the descriptor, so a thread can do it. */

import { readSync } from 'node:fs';

import type { Sha256 } from '../base/index.ts';
import { MAX_CHUNK, MIN_CHUNK, PAGE, isZeroPage, nextCut, scanBuffer } from '../chunk/index.ts';
import type { CutTables } from '../chunk/index.ts';
import { contentOf } from '../tree/index.ts';
import type { BuiltContent } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { ExtentList } from './extent-list.ts';
import { holeMap } from './hole-map.ts';
import type { HoleMap } from './hole-map.ts';

/** Read at a time. Bytes, a multiple of `PAGE`. */
const PART = 4 * 1024 * 1024;

/** What `cutFile` works in; one for many files. A chunk may begin in one part and end in the next. */
export function cutBuffer(): Uint8Array {
  // No Buffer: whoever keeps a `slice` of a chunk would keep a view of what is overwritten by the next part.
  return scanBuffer(PART + MAX_CHUNK);
}

/** Takes the chunks of a file and names them: what cutting needs of a `ContentSink`. */
export interface ChunkSink {
  readonly cutTables: CutTables;
  chunk(bytes: Uint8Array): Sha256;
}

/** The content of a file, with all its extents, packed, also where the content has a list. */
export type CutContent = BuiltContent & { readonly extents: Uint8Array };

/** Takes what a file is made of, in order. */
export interface ExtentSink {
  chunk(id: Sha256, length: number): void;
  hole(length: number): void;
}

/**
 * Reads `size` bytes of a file and gives its chunks to the sink. Yields the bytes of each part, so that the caller can pause.
 *
 * @param holes only spares reading: any true map, even an empty one, gives the same result
 * @returns undefined if the file has another length
 * @throws the system's error
 */
export function* cutFile(
  fd: number,
  size: number,
  sink: ContentSink,
  buffer: Uint8Array,
  holes: HoleMap = holeMap(fd, size),
): Generator<number, CutContent | undefined, void> {
  const list = new ExtentList();
  if (!(yield* cutInto(list, fd, size, sink, buffer, holes))) return undefined;
  const extents = list.take();
  return { ...contentOf(sink, extents, size), extents };
}

/** The same, for whoever keeps the extents elsewhere. @returns false if the file has another length */
export function* cutInto(
  content: ExtentSink,
  fd: number,
  size: number,
  sink: ChunkSink,
  buffer: Uint8Array,
  holes: HoleMap = holeMap(fd, size),
): Generator<number, boolean, void> {
  if (size <= MIN_CHUNK) {
    const whole = cutShort(content, fd, size, sink, buffer);
    yield size;
    return whole;
  }

  /** The data run that is being cut, as far as it is read: `buffer[start, end)`. */
  let start = 0;
  let end = 0;
  const cut = (final: boolean) => {
    while (start < end) {
      const next = nextCut(sink.cutTables, buffer, start, end, final);
      if (next === -1) return;
      content.chunk(sink.chunk(buffer.subarray(start, next)), next - start);
      start = next;
    }
  };
  const hole = (length: number) => {
    cut(true);
    content.hole(length);
  };

  let position = 0;
  for (const [holeStart, holeEnd] of [...holes, [size, size] as const]) {
    while (position < holeStart) {
      buffer.copyWithin(0, start, end);
      end -= start;
      start = 0;
      const length = Math.min(holeStart - position, PART);
      if (readFully(fd, buffer, end, length, position) !== length) return false;
      for (let page = end, stop = end + length; page < stop; page += PAGE) {
        if (stop - page >= PAGE && isZeroPage(buffer, page)) {
          hole(PAGE);
          start = end = page + PAGE;
        } else {
          end = Math.min(page + PAGE, stop);
        }
      }
      cut(false);
      position += length;
      yield length;
    }
    if (holeEnd > holeStart) hole(holeEnd - holeStart);
    position = holeEnd;
  }
  cut(true);
  return true;
}

/** The same for a file of at most `MIN_CHUNK` bytes, which is one chunk. Most files are. */
export function cutShort(
  content: ExtentSink,
  fd: number,
  size: number,
  sink: ChunkSink,
  buffer: Uint8Array,
): boolean {
  // One byte more than it should have: pseudo files say 0 and have some.
  if (readFully(fd, buffer, 0, size + 1, 0, size) !== size) return false;
  if (size > 0) content.chunk(sink.chunk(buffer.subarray(0, size)), size);
  return true;
}

/**
 * @param enough bytes after which a shorter read counts as the end of the file: it spares asking again
 * @returns fewer bytes than wanted only at the end of the file
 */
export function readFully(
  fd: number,
  buffer: Uint8Array,
  at: number,
  length: number,
  position: number,
  enough = length,
): number {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, at + done, length - done, position + done);
    if (count === 0) break;
    done += count;
    if (done === enough) break;
  }
  return done;
}
