/** What a node refers to, whatever it means: for who follows everything. */

import type { Sha256 } from '../base/index.ts';
import { decodeDirectory } from './directory-node.ts';
import { decodeExtents } from './extent-node.ts';
import { NODE_CODES } from './node-head.ts';

export interface References {
  /** Other nodes. */
  readonly nodes: readonly Sha256[];
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
      ? { nodes: [], extents: [node.extents] }
      : { nodes: node.items.map((item) => item.node), extents: [] };
  }
  const nodes: Sha256[] = [];
  const extents: Uint8Array[] = [];
  for (const item of decodeDirectory(id, bytes).items) {
    if (item.kind === 'subtree' || item.kind === 'directory') nodes.push(item.tree.node);
    else if (item.kind === 'file' && item.content.form === 'listed') nodes.push(item.content.list);
    else if (item.kind === 'file' && item.content.form === 'inline') extents.push(item.content.extents);
  }
  return { nodes, extents };
}
