/** Writes pieces to the files of a schedule, in a thread or here; whoever writes the last piece of a file finishes it. */

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs';

import { SHA256_BYTES, release, isStrataError } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import type { BlockOpener, OpenBlock, SealedBlocks } from '../vault/index.ts';
import { writeError } from './failure.ts';
import { OpenDirectories } from './open-directories.ts';
import { pathOfFile } from './schedule.ts';
import type { PieceColumns, Schedule } from './schedule.ts';
import { setTimes } from './times.ts';

const OPEN = constants.O_WRONLY | constants.O_NOFOLLOW;
const MAKE = OPEN | constants.O_CREAT | constants.O_EXCL;

/** Until the content is there nobody else reads it. */
const FILLING = 0o600;

/** Files kept open for their next piece. */
const MOST_OPEN = 16;

export interface FillerOptions {
  /** Each finished file is durable. */
  readonly sync: boolean;
  /** The schedule gets what each finished file looks like. */
  readonly remembers: boolean;
}

export interface Filled {
  /** Finished ones. */
  readonly files: number;
  readonly bytes: number;
}

export class Filler implements Disposable {
  /** Finished ones. */
  files = 0;
  bytes = 0;
  readonly #schedule: Schedule;
  readonly #sync: boolean;
  readonly #remembers: boolean;
  readonly directories: OpenDirectories;
  /** By row. */
  readonly #open = new Map<number, number>();
  /** Made here, and closed although there is more to come. */
  readonly #begun = new Set<number>();

  /** @param root an open directory, which stays open: row 0 of the schedule's */
  constructor(schedule: Schedule, root: number, { sync, remembers }: FillerOptions) {
    this.#schedule = schedule;
    this.#sync = sync;
    this.#remembers = remembers;
    this.directories = new OpenDirectories(schedule, root);
  }

  /** Makes a file that others will open. @throws as `write` */
  make(file: number): void {
    this.#named(file, () => {
      closeSync(this.#openFile(file));
      this.#schedule.files.made[file] = 1;
    });
  }

  /**
   * Writes pieces that follow each other in a file. Holes are not written, so they stay holes.
   *
   * @param piece the first of them
   * @param verified gives their bytes, and is not asked for a piece of length 0
   * @throws whatever `verified` does, disk_full, read_only, refused, conflict, each with the path; what was written stays behind
   */
  write(piece: number, count: number, verified: () => Uint8Array): void {
    const { files, pieces } = this.#schedule;
    const file = pieces.file[piece]!;
    this.#named(file, () => {
      const bytes = pieces.length[piece] === 0 ? undefined : verified();
      const fd = this.#open.get(file) ?? this.#openFile(file);
      this.#open.set(file, fd);
      if (bytes !== undefined) {
        writeFully(fd, bytes, pieces.position[piece]!);
        this.bytes += bytes.length;
      }
      if (Atomics.sub(files.remaining, file, count) !== count) return;
      if (files.endsInHole[file] === 1) ftruncateSync(fd, files.size[file]);
      fchmodSync(fd, files.mode[file]!);
      setTimes(fd, files.mtime[file]!);
      if (this.#sync) fsyncSync(fd);
      if (this.#remembers) this.#look(file, fd);
      this.#open.delete(file);
      closeSync(fd);
      this.files++;
    });
  }

  /** Closes the files; they are opened again when more of them comes. */
  rest(): void {
    for (const file of this.#open.keys()) this.#close(file);
  }

  [Symbol.dispose](): void {
    this.rest();
    this.directories[Symbol.dispose]();
  }

  #look(file: number, fd: number): void {
    const { inode, mtimeMs, ctimeMs } = this.#schedule.files;
    const stats = fstatSync(fd);
    inode[file] = stats.ino;
    mtimeMs[file] = stats.mtimeMs;
    ctimeMs[file] = stats.ctimeMs;
  }

  #openFile(file: number): number {
    const { directory, name, nameLength, made } = this.#schedule.files;
    const [oldest] = this.#open.keys();
    if (this.#open.size >= MOST_OPEN && oldest !== undefined) this.#close(oldest);
    const above = this.directories.get(directory[file]!);
    const path = this.directories.path(above, name[file]!, nameLength[file]!);
    if (made[file] === 1 || this.#begun.delete(file)) return openSync(path, OPEN);
    return openSync(path, MAKE, FILLING);
  }

  #close(file: number): void {
    const fd = this.#open.get(file)!;
    this.#open.delete(file);
    this.#begun.add(file);
    closeSync(fd);
  }

  #named(file: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      // A directory on the way, for example.
      if (isStrataError(error) && error.details['paths'] !== undefined) throw error;
      throw withPath(writeError(error, 'write a file'), pathOfFile(this.#schedule, file));
    }
  }
}

/**
 * Writes the pieces of a run, and decodes each of its blocks once.
 *
 * @param starts as in a `Run`
 * @returns what came of it
 * @throws as `Filler.write`; integrity with the object, and with the path of a file that needs it
 */
export function fillRun(
  filler: Filler,
  pieces: PieceColumns,
  opener: BlockOpener,
  sealed: SealedBlocks | undefined,
  starts: readonly number[],
): Filled {
  const before = { files: filler.files, bytes: filler.bytes };
  for (let block = 0; block < starts.length - 1; block++) {
    let opened: OpenBlock | undefined;
    const end = starts[block + 1]!;
    for (let at = starts[block]!; at < end;) {
      const first = at++;
      while (at < end && follows(pieces, pieces.order[at - 1]!, pieces.order[at]!)) at++;
      filler.write(pieces.order[first]!, at - first, () => {
        // In here, so that a block that does not open is told with the path of its first file.
        opened ??= opener.open(sealed!, block);
        return verifiedPieces(pieces, opened, first, at);
      });
    }
    opened?.[Symbol.dispose]();
  }
  if (sealed !== undefined) release(sealed.bytes);
  filler.rest();
  return { files: filler.files - before.files, bytes: filler.bytes - before.bytes };
}

/** In their file and in their block: then both are one write. */
function follows({ file, position, offset, length }: PieceColumns, before: number, piece: number): boolean {
  return (
    file[piece] === file[before] &&
    length[before]! > 0 &&
    length[piece]! > 0 &&
    position[piece] === position[before]! + length[before]! &&
    offset[piece] === offset[before]! + length[before]!
  );
}

/** @param from in the order of the pieces; those up to `to` follow each other. @throws integrity if one is not what its id says */
function verifiedPieces(pieces: PieceColumns, block: OpenBlock, from: number, to: number): Uint8Array {
  const first = chunkOf(pieces, block, pieces.order[from]!);
  let { length } = first;
  for (let at = from + 1; at < to; at++) length += chunkOf(pieces, block, pieces.order[at]!).length;
  return new Uint8Array(first.buffer, first.byteOffset, length);
}

/** A view of the block. */
function chunkOf(pieces: PieceColumns, block: OpenBlock, piece: number): Uint8Array {
  return block.chunk(idOf(pieces, piece), pieces.offset[piece]!, pieces.length[piece]!);
}

/** A view. */
export function idOf({ id }: PieceColumns, piece: number): Sha256 {
  return id.subarray(piece * SHA256_BYTES, (piece + 1) * SHA256_BYTES) as Sha256;
}

function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
