/** The values that a tree is made of. Names and link targets are bytes, not text. */

import type { Sha256 } from '../base/index.ts';

/** What stands below a directory, the directory itself not counted. Bytes are logical: holes count. */
export interface Summary {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly bytes: number;
}

/** The top node of a directory: where it is stored, and what it holds as far as equality goes. */
export interface TreeRef {
  /** Names the stored node. Differs when only a time differs. */
  readonly node: Sha256;
  /** Over names, kinds, modes, targets and content; no times. Equal digests mean equal trees. */
  readonly digest: Sha256;
  readonly summary: Summary;
}

/** A saved directory: its own mode and time, and what it holds. */
export interface Root {
  readonly mode: number;
  readonly mtime: number;
  readonly tree: TreeRef;
}

/**
 * The bytes of a file as extents of 40 bytes each: the chunk's id (32 zero bytes: a hole) and a u64 length. Up to
 * `INLINE_EXTENTS` of them stand in the entry itself, more in a list of their own.
 */
export type Content =
  | { readonly form: 'inline'; readonly extents: Uint8Array }
  | { readonly form: 'listed'; readonly list: Sha256 };

interface Common {
  /** 1–255 bytes without `/` and NUL; not `.` or `..`. */
  readonly name: Uint8Array;
  /** Permission bits, 0–0o777. */
  readonly mode: number;
  /** Microseconds since 1970. */
  readonly mtime: number;
}

export interface FileEntry extends Common {
  readonly kind: 'file';
  readonly size: number;
  readonly content: Content;
}

export interface DirectoryEntry extends Common {
  readonly kind: 'directory';
  readonly tree: TreeRef;
}

export interface SymlinkEntry extends Common {
  readonly kind: 'symlink';
  /** 1–4095 bytes without NUL, kept as they are. */
  readonly target: Uint8Array;
}

/** Says that a name of an earlier layer is gone. Mode and time are 0. */
export interface WhiteoutEntry extends Common {
  readonly kind: 'whiteout';
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | WhiteoutEntry;

type EntryKind = Entry['kind'];

/** The codes of kinds in records; part of the format. */
export const KIND_CODES = { file: 1, directory: 2, symlink: 3, whiteout: 4 } as const satisfies Record<
  EntryKind,
  number
>;
