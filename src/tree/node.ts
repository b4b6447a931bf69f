/** Where tree nodes come from and go to: the two contracts that keep this room free of stores and disks. */

import type { Sha256 } from '../base/index.ts';

export interface NodeSource {
  /**
   * The bytes of one node, already verified against its id. Asking twice is cheap enough.
   *
   * @throws integrity if the node is missing or damaged
   */
  node(id: Sha256): Promise<Uint8Array>;
}

export interface NodeSink {
  /**
   * Takes one node and names it: the SHA-256 of its bytes. The bytes are good until the call returns or another node is built:
   * all nodes are written in the same memory, so a sink that keeps them copies them. The node is durable only when whoever owns
   * the sink says so.
   */
  node(bytes: Uint8Array): Sha256;
}
