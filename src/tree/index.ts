/** Ground: trees as values. Paths, entries, nodes; building, reading and comparing them. No disk, no store. */

export { ContentBuilder } from './content-builder.ts';
export type { BuiltContent } from './content-builder.ts';
export { extentPages } from './content-reader.ts';
export type { ReadOptions } from './cursor.ts';
export { diff } from './diff.ts';
export type { Change } from './diff.ts';
export { DirectoryBuilder } from './directory-builder.ts';
export { KIND_CODES } from './entry.ts';
export type {
  Content,
  DirectoryEntry,
  Entry,
  EntryKind,
  FileEntry,
  Root,
  Summary,
  SymlinkEntry,
  TreeRef,
  WhiteoutEntry,
} from './entry.ts';
export { EXTENT_BYTES, packExtents, unpackExtents } from './extent.ts';
export type { Extent } from './extent.ts';
export { MAX_DEPTH, MAX_NAME_BYTES, MAX_TARGET_BYTES, nameFlaw } from './limits.ts';
export { MemoryNodes } from './memory-nodes.ts';
export type { NodeSink, NodeSource } from './node.ts';
export { displayName, displayPath, joinPath, parsePath, pathB64, pathBytes, pathJson } from './path.ts';
export type { Path, PathJson } from './path.ts';
export { lookup, pages, walk } from './read.ts';
export type { PathEntry } from './read.ts';
export { decodeRoot, encodeRoot } from './root.ts';
