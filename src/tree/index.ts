/** Ground: trees as values. */

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
export type { NodeSink, NodeSource } from './node.ts';
