/** Entries and what they point to, to bytes and back (docs/design.md 3.5). */

import { SHA256_BYTES } from '../base/index.ts';
import type { ByteReader, ByteWriter, Sha256 } from '../base/index.ts';
import { KIND_CODES } from './entry.ts';
import type { Content, Entry, TreeRef } from './entry.ts';
import { EXTENT_BYTES } from './extent.ts';
import { INLINE_EXTENTS } from './limits.ts';

export const CONTENT_CODES = { inline: 0, listed: 1 } as const satisfies Record<Content['form'], number>;

export function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.u8(KIND_CODES[entry.kind]).u16(entry.mode).short(entry.name).i64(entry.mtime);
  if (entry.kind === 'file') writeContent(writer.u64(entry.size), entry.content);
  else if (entry.kind === 'directory') writeTree(writer, entry.tree);
  else if (entry.kind === 'symlink') writer.short(entry.target);
}

export function readEntry(reader: ByteReader): Entry {
  const code = reader.u8();
  const mode = reader.u16();
  const name = reader.short();
  const mtime = reader.i64();
  switch (code) {
    case KIND_CODES.file:
      return { kind: 'file', name, mode, mtime, size: reader.u64(), content: readContent(reader) };
    case KIND_CODES.directory:
      return { kind: 'directory', name, mode, mtime, tree: readTree(reader) };
    case KIND_CODES.symlink:
      return { kind: 'symlink', name, mode, mtime, target: reader.short() };
    case KIND_CODES.whiteout:
      return { kind: 'whiteout', name, mode, mtime };
    default:
      return reader.fail(`an entry has the unknown kind ${code}`);
  }
}

function writeContent(writer: ByteWriter, content: Content): void {
  writer.u8(CONTENT_CODES[content.form]);
  if (content.form === 'listed') writer.bytes(content.list);
  else writer.u32(content.extents.length / EXTENT_BYTES).bytes(content.extents);
}

function readContent(reader: ByteReader): Content {
  const code = reader.u8();
  if (code === CONTENT_CODES.listed) return { form: 'listed', list: reader.bytes(SHA256_BYTES) as Sha256 };
  if (code !== CONTENT_CODES.inline) reader.fail(`content has the unknown form ${code}`);
  const count = reader.count(EXTENT_BYTES);
  if (count > INLINE_EXTENTS) reader.fail('an entry has too many extents of its own');
  return { form: 'inline', extents: reader.bytes(count * EXTENT_BYTES) };
}

/** Bytes of a TreeRef in a record. */
export const TREE_BYTES = 2 * SHA256_BYTES + 4 * 8;

/** `node (32) · digest (32) · summary`: as directories, index items and the root of a snapshot have it. */
export function writeTree(writer: ByteWriter, tree: TreeRef): void {
  const { files, directories, symlinks, bytes } = tree.summary;
  writer.bytes(tree.node).bytes(tree.digest).u64(files).u64(directories).u64(symlinks).u64(bytes);
}

/** Views of the reader's bytes. @throws integrity */
export function readTree(reader: ByteReader): TreeRef {
  return {
    node: reader.bytes(SHA256_BYTES) as Sha256,
    digest: reader.bytes(SHA256_BYTES) as Sha256,
    summary: {
      files: reader.u64(),
      directories: reader.u64(),
      symlinks: reader.u64(),
      bytes: reader.u64(),
    },
  };
}
