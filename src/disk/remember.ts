/** What a restore has put on the disk, written down for the next save of it: that one then opens no file. */

import { SHA256_BYTES } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { TreeRef } from '../tree/index.ts';
import { ExtentList } from './extent-list.ts';
import { nameAt } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import type { Window } from './scheduler.ts';
import type { WrittenFiles } from './sightings.ts';
import { StatCacheWriter } from './stat-cache.ts';
import { Rest } from './tick.ts';

/**
 * No node is named so. The ids of the true one were read long ago and not kept; the next save makes the nodes anew, finds that they are
 * stored, and remembers their ids.
 */
export const NO_TREE: TreeRef = {
  node: new Uint8Array(SHA256_BYTES) as Sha256,
  digest: new Uint8Array(SHA256_BYTES) as Sha256,
  summary: { files: 0, directories: 0, symlinks: 0, bytes: 0 },
};

export class Rememberer implements WrittenFiles {
  readonly #writer: StatCacheWriter;
  readonly #extents = new ExtentList();
  /** Rows of the directories from the first one down to where we are. */
  #open: number[] = [];
  readonly #rest = new Rest();

  /** @param emit as of `StatCacheWriter` */
  constructor(emit: (part: Uint8Array) => void) {
    // `finish` waits for the tick that could hide a change.
    this.#writer = new StatCacheWriter(Number.POSITIVE_INFINITY, emit);
  }

  /** Takes a window when all of it is on the disk. Links are not remembered: they are read, not opened. */
  add({ schedule, unfinished }: Window): void {
    const { directories, files } = schedule;
    if (this.#open.length === 0) this.#enter(schedule, 0);
    // The directories that were open at the end of the window before are the first of this one.
    else this.#open = this.#open.map((_, depth) => depth);
    let directory = this.#open.length;
    let piece = 0;
    for (let file = 0; file < files.count; file++) {
      for (; directory < files.directoriesBefore[file]!; directory++) this.#goTo(schedule, directory);
      this.#leaveTo(files.directory[file]!);
      const next = this.#piecesEnd(schedule, file, piece);
      if (file !== unfinished && files.begunBefore[file] === 0) this.#file(schedule, file, piece, next);
      piece = next;
    }
    for (; directory < directories.count; directory++) this.#goTo(schedule, directory);
    while (this.#open.length > 1 && directories.closed[this.#open.at(-1)!] === 1) this.#leave();
  }

  /** The files that are there by now are as they are to be. */
  filled(): void {
    this.#rest.touched();
  }

  /** Nobody else can reach the files before this returns: from then on each change of one shows in its times. */
  async finish(): Promise<void> {
    await this.#rest.over();
    while (this.#open.length > 0) this.#leave();
    this.#writer.finish();
  }

  #goTo(schedule: Schedule, directory: number): void {
    this.#leaveTo(schedule.directories.parent[directory]!);
    this.#enter(schedule, directory);
  }

  #leaveTo(directory: number): void {
    while (this.#open.at(-1) !== directory) this.#leave();
  }

  #enter({ names, directories }: Schedule, row: number): void {
    const name = nameAt(names, directories.name[row]!, directories.nameLength[row]!);
    this.#writer.enter(name, { mode: directories.mode[row]!, mtime: directories.mtime[row]! });
    this.#open.push(row);
  }

  #leave(): void {
    this.#open.pop();
    this.#writer.leave(NO_TREE);
  }

  #file({ names, files, pieces }: Schedule, row: number, from: number, to: number): void {
    let position = 0;
    for (let piece = from; piece < to; piece++) {
      if (pieces.length[piece] === 0) continue;
      if (pieces.position[piece]! > position) this.#extents.hole(pieces.position[piece]! - position);
      const id = pieces.id.subarray(piece * SHA256_BYTES, (piece + 1) * SHA256_BYTES) as Sha256;
      this.#extents.chunk(id, pieces.length[piece]!);
      position = pieces.position[piece]! + pieces.length[piece]!;
    }
    const size = files.size[row]!;
    if (size > position) this.#extents.hole(size - position);
    const name = nameAt(names, files.name[row]!, files.nameLength[row]!);
    const looks = { mode: files.mode[row]!, mtime: files.mtime[row]! };
    const marks = { ino: files.inode[row]!, mtimeMs: files.mtimeMs[row]!, ctimeMs: files.ctimeMs[row]! };
    this.#rest.saw(marks.ctimeMs);
    this.#writer.file({ name, ...looks }, { ...marks, size }, this.#extents.packed);
    this.#extents.cutBack(0);
  }

  /** The pieces of a file are neighbours, in the order of the files. */
  #piecesEnd({ pieces }: Schedule, file: number, from: number): number {
    let to = from;
    while (to < pieces.count && pieces.file[to] === file) to++;
    return to;
  }
}
