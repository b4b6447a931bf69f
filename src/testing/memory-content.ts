/** A vault of two Maps: for tests of what saves and restores content. */

import { StrataError, sha256, toHex } from '../base/index.ts';
import { CUT_SEED_BYTES, cutTables } from '../chunk/index.ts';
import { MemoryNodes } from './memory-nodes.ts';
import type { ContentSink, ContentSource } from '../vault/index.ts';

export class MemoryContent {
  readonly nodes = new MemoryNodes();
  /** By id in hex. Tests damage and drop them here. */
  readonly chunks = new Map<string, Uint8Array>();

  readonly sink: ContentSink = {
    cutTables: cutTables(Uint8Array.from({ length: CUT_SEED_BYTES }, (_, at) => (at * 151 + 7) & 0xff)),
    node: (bytes) => this.nodes.sink.node(bytes),
    chunk: (bytes) => {
      const id = sha256(bytes);
      const key = toHex(id);
      if (!this.chunks.has(key)) this.chunks.set(key, Uint8Array.from(bytes));
      return id;
    },
    drain: async () => {},
  };

  readonly source: ContentSource = {
    node: (id) => this.nodes.source.node(id),
    chunk: async (id) => {
      const key = toHex(id);
      const bytes = this.chunks.get(key);
      if (bytes === undefined)
        throw new StrataError('integrity', `chunk ${key} is missing`, { details: { object: key } });
      if (toHex(sha256(bytes)) !== key)
        throw new StrataError('integrity', `chunk ${key} is damaged: its hash differs`, {
          details: { object: key },
        });
      return bytes;
    },
  };
}
