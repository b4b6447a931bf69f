/** Ground: trees as values. Paths, entries, nodes; building, reading, comparing, merging and selecting them. No disk, no store. */

export { ContentBuilder } from './content-builder.ts';
export type { BuiltContent } from './content-builder.ts';
export { extentPages, ownExtents } from './content-reader.ts';
export { subtract } from './delta.ts';
export type { Delta, DeltaOptions } from './delta.ts';
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
export { entryDigest } from './entry-digest.ts';
export { readTree, writeTree } from './entry-record.ts';
export { EXTENT_BYTES, extentLength, isHole, packExtents, unpackExtents, writeExtent } from './extent.ts';
export type { Extent } from './extent.ts';
export { graft } from './graft.ts';
export type { GraftOptions, GraftPart } from './graft.ts';
export { MAX_DEPTH, nameFlaw } from './limits.ts';
export type { Conflicts, ConflictWriter, MergeConflict } from './conflicts.ts';
export { mergeConflicts, mergeTrees } from './merge.ts';
export type { Merged } from './merge.ts';
export type { MergeLayer, MergeOptions, MergePolicy } from './merge-layer.ts';
export type { NodeSink, NodeSource } from './node.ts';
export { addExtents, contentOf } from './packed-content.ts';
export { displayName, displayPath, joinPath, parsePath, pathB64, pathBytes, pathJson } from './path.ts';
export type { Path, PathJson } from './path.ts';
export { lookup, pages, walk } from './read.ts';
export type { PathEntry } from './read.ts';
export { references } from './references.ts';
export type { References } from './references.ts';
export { decodeRoot, encodeRoot } from './root.ts';
export { selectTree } from './select.ts';
export type { Selection, Selector } from './select.ts';
export { taskDirectory } from './separate.ts';
export { StagedNodes } from './staged-nodes.ts';
export { whoWrote } from './who-wrote.ts';
export type { WhoWrote, Writing } from './who-wrote.ts';
export { pathText, withPath } from './with-path.ts';
