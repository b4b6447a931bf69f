/** What the rooms above see of a vault while they save or restore: chunks go in, chunks come out. */

import type { Sha256 } from '../base/index.ts';
import type { CutTables } from '../chunk/index.ts';
import type { NodeSink, NodeSource } from '../tree/index.ts';

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
}

/** A way out of the vault: everything it returns was verified against its SHA-256. */
export interface ContentSource extends NodeSource {
  /** @throws integrity if the chunk is missing or damaged: no wrong byte is ever returned */
  chunk(id: Sha256): Promise<Uint8Array>;
}
