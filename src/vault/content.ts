/** What the rooms above see of a vault while they save or restore: chunks go in, chunks come out. */

import type { Sha256 } from '../base/index.ts';
import type { CutTables } from '../chunk/index.ts';
import type { NodeSink, NodeSource } from '../tree/index.ts';
import type { ThreadOutput, WriterShare } from './thread-writer.ts';
import type { BlockShare, SealedBlocks } from './blocks.ts';
import type { BlockPlace, ChunkPlace } from './chunk-index.ts';

/** One save's way into the vault. Not durable until the writer that it belongs to has finished. */
export interface ContentSink extends NodeSink {
  /** How this tenant's files are cut. */
  readonly cutTables: CutTables;

  /** Takes one chunk of file data and names it. The bytes may be reused after the call returns. */
  chunk(bytes: Uint8Array): Sha256;

  /**
   * Holds the caller while too much is waiting to be stored; call it after every few chunks or nodes. The sink itself
   * never blocks, so without it memory grows.
   */
  drain(): Promise<void>;

  /** Whether the chunk whose id stands at `bytes[at]` is stored and may be referred to. Without it nothing is known to be. */
  has?(bytes: Uint8Array, at: number): boolean;

  /** The same for a tree node. */
  hasNode?(id: Sha256): boolean;

  /** For threads that take chunks at the same time. Without it, all chunks go in here. */
  readonly shared?: SharedSink;
}

export interface SharedSink {
  /** What a `ThreadWriter` on another thread is made of. */
  readonly share: WriterShare;
  /** Takes what such a writer gave out, in its order. */
  take(output: ThreadOutput): void;
  /** Storing is traffic of the caller's thread, which is better left to that. */
  readonly isFar: boolean;
}

/** A way out of the vault: everything it returns was verified against its SHA-256. */
export interface ContentSource extends NodeSource {
  /** @throws integrity if the chunk is missing or damaged: no wrong byte is ever returned */
  chunk(id: Sha256): Promise<Uint8Array>;

  /** For who wants many chunks: whole blocks, each once. Not every source has them. */
  readonly blocks?: BlockSource | undefined;
}

/** The blocks that hold a tenant's chunks of file data. */
export interface BlockSource {
  /** Chunks of one block share one `block`. @throws integrity if no pack has the chunk */
  locate(id: Sha256): ChunkPlace;

  /**
   * Blocks, sealed, in one request. `BlockOpener` opens them, here or in a thread.
   *
   * @param places of one pack, in their order; what lies between them comes with them
   * @throws integrity if the pack is missing or ends too early
   */
  fetch(places: readonly BlockPlace[]): Promise<SealedBlocks>;

  /** Fetching takes a round trip over a network: many at a time fill the line. */
  readonly isFar?: boolean | undefined;

  /** What `BlockOpener.of` needs; a message to a thread can carry it. */
  readonly share: BlockShare;
}
