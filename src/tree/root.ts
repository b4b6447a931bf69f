/** The root record (docs/design.md 3.6): a saved directory as bytes, in heads and in the database. */

import { ByteReader, ByteWriter } from '../base/index.ts';
import type { Root } from './entry.ts';
import { readTree, writeTree } from './entry-record.ts';

export function encodeRoot(root: Root): Uint8Array {
  const writer = new ByteWriter().u16(root.mode).i64(root.mtime);
  writeTree(writer, root.tree);
  return writer.finish();
}

/** Reads a root and leaves the reader behind it; the ids are copies. @throws integrity */
export function decodeRoot(reader: ByteReader): Root {
  const mode = reader.u16();
  if (mode > 0o777) reader.fail('the mode of its root is impossible');
  const mtime = reader.i64();
  const { node, digest, summary } = readTree(reader);
  return {
    mode,
    mtime,
    tree: { node: node.slice() as typeof node, digest: digest.slice() as typeof digest, summary },
  };
}
