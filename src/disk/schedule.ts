/**
 * What a restore writes, as columns of numbers: an object for each of a million files would take a gigabyte, and threads share columns
 * without copying them. A window of a huge tree is written before the next one is planned.
 */

import type { Path } from '../tree/index.ts';

/** How many rows there is room for. */
export interface Capacity {
  readonly directories: number;
  readonly files: number;
  readonly links: number;
  readonly pieces: number;
  /** Bytes. */
  readonly names: number;
}

/** Row 0 is the directory that is restored into; each comes after its parent. */
export interface DirectoryColumns {
  count: number;
  readonly parent: Uint32Array;
  /** Where the name starts in `names`. */
  readonly name: Uint32Array;
  readonly nameLength: Uint8Array;
  readonly mode: Uint16Array;
  readonly mtime: Float64Array;
  /** Which one it is on the disk, once it is made. */
  readonly inode: Float64Array;
  /** One of the three below. */
  readonly state: Int32Array;
  /** Nothing comes into it any more. */
  readonly closed: Uint8Array;
  /** Its links: rows `[first, end)`. */
  readonly firstLink: Uint32Array;
  readonly endLink: Uint32Array;
}

export interface FileColumns {
  count: number;
  readonly directory: Uint32Array;
  readonly name: Uint32Array;
  readonly nameLength: Uint8Array;
  readonly mode: Uint16Array;
  readonly mtime: Float64Array;
  readonly size: Float64Array;
  readonly endsInHole: Uint8Array;
  /** How many directories were scheduled before it: the order of the tree. */
  readonly directoriesBefore: Uint32Array;
  /** A part of it was in a window before this one. */
  readonly begunBefore: Uint8Array;
  /** What the finished file looks like on the disk, if somebody wants to remember it. */
  readonly inode: Float64Array;
  readonly mtimeMs: Float64Array;
  readonly ctimeMs: Float64Array;
  /** It is on the disk, and whoever writes to it has to open it; else the first to write makes it. */
  readonly made: Uint8Array;
  /** Pieces that are not written yet, counted down by whoever writes one; a later window's count as one. */
  readonly remaining: Int32Array;
}

/** Each a chunk in its place in a file. A file of no chunks has one piece, of length 0. */
export interface PieceColumns {
  count: number;
  readonly file: Uint32Array;
  /** Bytes from the start of the file. */
  readonly position: Float64Array;
  readonly length: Uint32Array;
  /** 32 bytes each. */
  readonly id: Uint8Array;
  /** Number of its block, or `NO_BLOCK`. */
  readonly block: Uint32Array;
  /** Where the chunk starts in its plain block. */
  readonly offset: Uint32Array;
  /** The rows in the order in which they are written. */
  readonly order: Uint32Array;
}

export interface LinkColumns {
  count: number;
  readonly name: Uint32Array;
  readonly nameLength: Uint8Array;
  readonly target: Uint32Array;
  readonly targetLength: Uint16Array;
  readonly mtime: Float64Array;
}

export interface Schedule {
  readonly names: Uint8Array;
  readonly directories: DirectoryColumns;
  readonly files: FileColumns;
  readonly pieces: PieceColumns;
  readonly links: LinkColumns;
}

export const NO_BLOCK = 0xffff_ffff;

/** Of a directory: not there yet, being made by somebody, there. */
export const UNMADE = 0;
export const CLAIMED = 1;
export const MADE = 2;

/** Ready to be written once more, elsewhere. */
export function reset({ directories, files }: Schedule): void {
  directories.state.fill(UNMADE, 1);
  files.made.fill(0);
}

/** All of it can be shared with threads: a message has the columns themselves, and a copy of the counts. */
export function makeSchedule({ directories, files, links, pieces, names }: Capacity): Schedule {
  return {
    names: bytes(names),
    directories: {
      count: 0,
      parent: words(directories),
      name: words(directories),
      nameLength: bytes(directories),
      mode: halves(directories),
      mtime: doubles(directories),
      inode: doubles(directories),
      state: integers(directories),
      closed: bytes(directories),
      firstLink: words(directories),
      endLink: words(directories),
    },
    files: {
      count: 0,
      directory: words(files),
      name: words(files),
      nameLength: bytes(files),
      mode: halves(files),
      mtime: doubles(files),
      size: doubles(files),
      endsInHole: bytes(files),
      directoriesBefore: words(files),
      begunBefore: bytes(files),
      inode: doubles(files),
      mtimeMs: doubles(files),
      ctimeMs: doubles(files),
      made: bytes(files),
      remaining: integers(files),
    },
    pieces: {
      count: 0,
      file: words(pieces),
      position: doubles(pieces),
      length: words(pieces),
      id: bytes(pieces * 32),
      block: words(pieces),
      offset: words(pieces),
      order: words(pieces),
    },
    links: {
      count: 0,
      name: words(links),
      nameLength: bytes(links),
      target: words(links),
      targetLength: halves(links),
      mtime: doubles(links),
    },
  };
}

/** Of the file that a piece is for, by the piece's place in the order. For errors. */
export function pathOfPiece(schedule: Schedule, at: number): Path {
  const { pieces } = schedule;
  return pathOfFile(schedule, pieces.file[pieces.order[at]!]!);
}

export function pathOfFile(schedule: Schedule, file: number): Path {
  const { names, files } = schedule;
  const name = nameAt(names, files.name[file]!, files.nameLength[file]!);
  return [...pathOfDirectory(schedule, files.directory[file]!), name];
}

export function pathOfDirectory({ names, directories }: Schedule, directory: number): Path {
  const path: Uint8Array[] = [];
  for (let at = directory; at > 0; at = directories.parent[at]!)
    path.push(nameAt(names, directories.name[at]!, directories.nameLength[at]!));
  return path.reverse();
}

/** A copy, of memory that is not shared. */
export function nameAt(names: Uint8Array, at: number, length: number): Uint8Array {
  return names.slice(at, at + length);
}

function bytes(count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count));
}

function halves(count: number): Uint16Array {
  return new Uint16Array(new SharedArrayBuffer(count * 2));
}

function words(count: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(count * 4));
}

function integers(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * 4));
}

function doubles(count: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(count * 8));
}
