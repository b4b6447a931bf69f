/** Ground: trees as values. Paths, entries, nodes; building, reading and comparing them. No disk, no store. */

export { ContentBuilder } from './content-builder.ts';
export type { BuiltContent } from './content-builder.ts';
export { extentPages } from './content-reader.ts';
export { diff, equalEntries } from './diff.ts';
export type { Change } from './diff.ts';
export { DirectoryBuilder } from './directory-builder.ts';
export type {
  Content,
  DirectoryEntry,
  Entry,
  FileEntry,
  Root,
  Summary,
  SymlinkEntry,
  TreeRef,
  WhiteoutEntry,
} from './entry.ts';
export { readTree, writeTree } from './entry-record.ts';
export { EXTENT_BYTES, extentLength, isHole, packExtents, unpackExtents, writeExtent } from './extent.ts';
export type { Extent } from './extent.ts';
export { MAX_DEPTH, nameFlaw } from './limits.ts';
export type { NodeSink, NodeSource } from './node.ts';
export { addExtents, contentOf } from './packed-content.ts';
export { displayName, displayPath, joinPath, parsePath, pathB64, pathBytes, pathJson } from './path.ts';
export type { Path, PathJson } from './path.ts';
export { lookup, pages, walk } from './read.ts';
export type { PathEntry } from './read.ts';
export { references } from './references.ts';
export type { References } from './references.ts';
export { decodeRoot, encodeRoot } from './root.ts';
export { pathText, withPath } from './with-path.ts';
