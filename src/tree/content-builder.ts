/** Writes the extents of one file: a few into its entry, more into nodes of their own while they arrive. */

import { StrataError, asBuffer } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Content } from './entry.ts';
import { MAX_CHUNK_LENGTH, packExtents } from './extent.ts';
import type { Extent } from './extent.ts';
import { writeExtentIndex, writeExtentPage } from './extent-node.ts';
import type { ExtentList } from './extent-node.ts';
import { INLINE_EXTENTS } from './limits.ts';
import type { NodeSink } from './node.ts';
import { Pager } from './paging.ts';

/** Extents and index items of a node, at least, unless it is the last of its level. */
const MIN_ITEMS = 64;

const LAST_WORD = 28;

export interface BuiltContent {
  /** Bytes, holes included. */
  readonly size: number;
  readonly content: Content;
}

export class ContentBuilder {
  readonly #sink: NodeSink;
  /** As many as an entry can hold: most files never have more. */
  readonly #few: Extent[] = [];
  /** All of them, once they are more. */
  #pager: Pager<Extent, ExtentList> | undefined;
  #size = 0;
  /** Bytes of a hole that may still grow: two holes never touch. */
  #hole = 0;

  constructor(sink: NodeSink) {
    this.#sink = sink;
  }

  /**
   * The next `length` bytes of the file are this chunk. The id must not change until `finish`.
   *
   * @param length 1 to 16 MiB
   */
  chunk(id: Sha256, length: number): void {
    if (length > MAX_CHUNK_LENGTH) refuse(`a chunk has ${length} bytes`);
    this.#grow(length);
    this.#endHole();
    this.#add({ chunk: id, length });
  }

  /** The next `length` bytes of the file, at least 1, are zero and not stored. Neighbouring holes become one. */
  hole(length: number): void {
    this.#grow(length);
    this.#hole += length;
  }

  /** Call once. */
  finish(): BuiltContent {
    this.#endHole();
    const content: Content =
      this.#pager === undefined
        ? { form: 'inline', extents: packExtents(this.#few) }
        : { form: 'listed', list: this.#pager.finish().node };
    return { size: this.#size, content };
  }

  #grow(length: number): void {
    if (!Number.isSafeInteger(length) || length < 1) refuse(`an extent has ${length} bytes`);
    this.#size += length;
    if (!Number.isSafeInteger(this.#size))
      throw new StrataError('bad_input', 'a file has more than 2^53 - 1 bytes', {
        hint: 'Exclude it: files of that size cannot be saved.',
      });
  }

  #endHole(): void {
    if (this.#hole === 0) return;
    this.#add({ chunk: undefined, length: this.#hole });
    this.#hole = 0;
  }

  #add(extent: Extent): void {
    if (this.#pager === undefined) {
      if (this.#few.length < INLINE_EXTENTS) {
        this.#few.push(extent);
        return;
      }
      this.#pager = extentPager(this.#sink);
      for (const earlier of this.#few) this.#pager.add(earlier);
    }
    this.#pager.add(extent);
  }
}

function extentPager(sink: NodeSink): Pager<Extent, ExtentList> {
  return new Pager({
    minimum: MIN_ITEMS,
    hash: (item) => idHash('node' in item ? item.node : item.chunk),
    page: (extents) => ({
      node: sink.node(writeExtentPage(packExtents(extents))),
      bytes: extents.reduce((sum, { length }) => sum + length, 0),
    }),
    index: (level, items) => ({
      node: sink.node(writeExtentIndex(level, items)),
      bytes: items.reduce((sum, { bytes }) => sum + bytes, 0),
    }),
  });
}

/** The last four bytes as a little-endian number; a hole's are zero. */
function idHash(id: Sha256 | undefined): number {
  return id === undefined ? 0 : asBuffer(id).readUInt32LE(LAST_WORD);
}

function refuse(reason: string): never {
  throw new StrataError('internal', `the extents of a file cannot be written: ${reason}`);
}
