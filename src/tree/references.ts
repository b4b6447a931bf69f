/** What a node refers to, whatever it means: for who follows everything. */

import type { Sha256 } from '../base/index.ts';
import { decodeDirectory } from './directory-node.ts';
import { decodeExtents } from './extent-node.ts';
import { NODE_CODES } from './node-head.ts';

export interface References {
  /** Other nodes. */
  readonly nodes: readonly Sha256[];
  /** Of each of them, how many bytes of files are below it. Holes count. */
  readonly bytes: readonly number[];
  /** Packed extents: chunks of file data, and holes. */
  readonly extents: readonly Uint8Array[];
}

/**
 * The result has views of `bytes`.
 *
 * @param id names the node in errors
 * @throws integrity, unsupported_format
 */
export function references(id: Sha256, bytes: Uint8Array): References {
  const code = bytes[1];
  if (code === NODE_CODES.extentPage || code === NODE_CODES.extentIndex) {
    const node = decodeExtents(id, bytes);
    return node.kind === 'page'
      ? { nodes: [], bytes: [], extents: [node.extents] }
      : {
          nodes: node.items.map((item) => item.node),
          bytes: node.items.map((item) => item.bytes),
          extents: [],
        };
  }
  const nodes: Sha256[] = [];
  const sizes: number[] = [];
  const extents: Uint8Array[] = [];
  for (const item of decodeDirectory(id, bytes).items) {
    if (item.kind === 'subtree' || item.kind === 'directory') {
      nodes.push(item.tree.node);
      sizes.push(item.tree.summary.bytes);
    } else if (item.kind === 'file' && item.content.form === 'listed') {
      nodes.push(item.content.list);
      sizes.push(item.size);
    } else if (item.kind === 'file' && item.content.form === 'inline') extents.push(item.content.extents);
  }
  return { nodes, bytes: sizes, extents };
}
