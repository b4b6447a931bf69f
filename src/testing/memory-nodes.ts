/** Tree nodes in memory, with the checks that a vault makes. */

import { StrataError, sha256, toHex } from '../base/index.ts';
import type { NodeSink, NodeSource } from '../tree/index.ts';

export class MemoryNodes {
  /** By id in hex. Tests damage and drop them here. */
  readonly nodes = new Map<string, Uint8Array>();

  readonly sink: NodeSink = {
    node: (bytes) => {
      const id = sha256(bytes);
      this.nodes.set(toHex(id), bytes.slice());
      return id;
    },
  };

  readonly source: NodeSource = {
    node: async (id) => {
      const key = toHex(id);
      const bytes = this.nodes.get(key);
      if (bytes === undefined) throw new StrataError('integrity', `tree node ${key} is missing`);
      if (toHex(sha256(bytes)) !== key)
        throw new StrataError('integrity', `tree node ${key} is damaged: its hash differs`);
      return bytes;
    },
  };
}
