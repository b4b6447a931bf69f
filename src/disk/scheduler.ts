/** Fills a schedule while a tree is visited, and says when a window of it is full. */

import { StrataError, giveWay } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { extentPages, unpackExtents, withPath } from '../tree/index.ts';
import type { DirectoryEntry, FileEntry, Path, Summary, SymlinkEntry } from '../tree/index.ts';
import type { BlockPlace, ContentSource } from '../vault/index.ts';
import { MADE, NO_BLOCK, UNMADE, makeSchedule } from './schedule.ts';
import type { Capacity, Schedule } from './schedule.ts';

/** Rows of a window. With the blocks' places they take some 40 MB. A checkout of a large project fits. */
const WINDOW = 2 ** 18;

/** Bytes of names and link targets in a window: 32 for each. */
const WINDOW_NAMES = 2 ** 23;

/** The longest name and the longest target that one more row may bring. */
const SLACK = 256 + 4096;

/** What a chunk of a file has at least, if we have cut it and it is not the last. Bytes. */
const USUAL_CHUNK = 16 * 1024;
const USUAL_NAME = 40;

const WHOLE_WINDOW: Capacity = {
  directories: WINDOW,
  files: WINDOW,
  links: WINDOW,
  pieces: WINDOW,
  names: WINDOW_NAMES,
};

/** What is in a schedule that threads need not know. */
export interface Window {
  readonly schedule: Schedule;
  /** By number. */
  readonly blocks: readonly BlockPlace[];
  /** The file that goes on in the next window. */
  readonly unfinished: number | undefined;
}

export interface SchedulerOptions {
  /** Writes the window; then its rows are used again. Without it, what takes more than one window is given up. */
  readonly onFull?: ((window: Window) => Promise<void>) | undefined;
  readonly capacity?: Capacity | undefined;
}

export class Scheduler {
  readonly #source: ContentSource;
  readonly #schedule: Schedule;
  readonly #capacity: Capacity;
  readonly #onFull: SchedulerOptions['onFull'];
  #givenUp = false;
  readonly #numbers = new Map<BlockPlace, number>();
  /** Rows of the directories from the first one down to where we are. */
  #open: number[] = [0];
  #unfinished: number | undefined;
  #namesEnd = 0;

  constructor(source: ContentSource, { onFull, capacity = WHOLE_WINDOW }: SchedulerOptions) {
    this.#source = source;
    this.#onFull = onFull;
    this.#capacity = capacity;
    this.#schedule = makeSchedule(capacity);
    this.#schedule.directories.count = 1;
    this.#schedule.directories.state[0] = MADE;
  }

  /** What is scheduled and not written yet; undefined if it was too much. */
  get window(): Window | undefined {
    if (this.#givenUp) return undefined;
    const blocks = [...this.#numbers.keys()];
    return { schedule: this.#schedule, blocks, unfinished: this.#unfinished };
  }

  async enter(entry: DirectoryEntry): Promise<void> {
    const { directories } = this.#schedule;
    if (directories.count === this.#capacity.directories || this.#namesAreFull()) await this.#flush();
    if (this.#givenUp) return;
    this.#addDirectory(this.#here, entry);
  }

  leave(): void {
    if (this.#givenUp) return;
    this.#schedule.directories.closed[this.#open.pop()!] = 1;
  }

  async link({ name, target, mtime }: SymlinkEntry): Promise<void> {
    const { links, directories } = this.#schedule;
    if (links.count === this.#capacity.links || this.#namesAreFull()) await this.#flush();
    if (this.#givenUp) return;
    const row = links.count++;
    // Links come last in their directory, so those of one are neighbours.
    if (directories.endLink[this.#here] === 0) directories.firstLink[this.#here] = row;
    directories.endLink[this.#here] = row + 1;
    links.name[row] = this.#addName(name);
    links.nameLength[row] = name.length;
    links.target[row] = this.#addName(target);
    links.targetLength[row] = target.length;
    links.mtime[row] = mtime;
  }

  /** @throws integrity with the path if a chunk of it is missing, or has another length than the file says */
  async file(entry: FileEntry, path: Path, signal: AbortSignal | undefined): Promise<void> {
    const { files, pieces } = this.#schedule;
    if (
      files.count === this.#capacity.files ||
      pieces.count === this.#capacity.pieces ||
      this.#namesAreFull()
    )
      await this.#flush();
    // What is given up is read all the same: a tree is checked to its last node before anything is written.
    let row = this.#givenUp ? 0 : this.#addFile(entry);
    let position = 0;
    let hasPieces = false;
    let endsInHole = false;
    for await (const page of extentPages(this.#source, entry)) {
      for (const { chunk, length } of this.#givenUp ? [] : unpackExtents(page)) {
        endsInHole = chunk === undefined;
        if (chunk !== undefined) {
          if (pieces.count === this.#capacity.pieces) {
            this.#unfinished = row;
            await this.#flush();
            this.#unfinished = undefined;
            if (this.#givenUp) break;
            row = files.count - 1;
          }
          this.#addPiece(row, chunk, position, length, path);
          hasPieces = true;
        }
        position += length;
      }
      if (entry.content.form === 'listed') await giveWay(signal);
    }
    if (this.#givenUp) return;
    if (!hasPieces) this.#addEmptyPiece(row);
    files.endsInHole[row] = endsInHole ? 1 : 0;
  }

  get #here(): number {
    return this.#open.at(-1)!;
  }

  #addDirectory(
    parent: number,
    { name, mode, mtime }: Pick<DirectoryEntry, 'name' | 'mode' | 'mtime'>,
  ): void {
    const { directories } = this.#schedule;
    const row = directories.count++;
    directories.parent[row] = parent;
    directories.name[row] = this.#addName(name);
    directories.nameLength[row] = name.length;
    directories.mode[row] = mode;
    directories.mtime[row] = mtime;
    directories.state[row] = UNMADE;
    directories.closed[row] = 0;
    directories.firstLink[row] = 0;
    directories.endLink[row] = 0;
    this.#open.push(row);
  }

  #addFile({ name, mode, mtime, size }: FileEntry): number {
    const { files } = this.#schedule;
    const row = files.count++;
    files.directory[row] = this.#here;
    files.name[row] = this.#addName(name);
    files.nameLength[row] = name.length;
    files.mode[row] = mode;
    files.mtime[row] = mtime;
    files.size[row] = size;
    files.endsInHole[row] = 0;
    files.directoriesBefore[row] = this.#schedule.directories.count;
    files.begunBefore[row] = 0;
    files.made[row] = 0;
    return row;
  }

  #addPiece(file: number, chunk: Sha256, position: number, length: number, path: Path): void {
    const { pieces } = this.#schedule;
    const row = pieces.count++;
    pieces.file[row] = file;
    pieces.position[row] = position;
    pieces.length[row] = length;
    pieces.id.set(chunk, row * chunk.length);
    pieces.block[row] = NO_BLOCK;
    const { blocks } = this.#source;
    if (blocks === undefined) return;
    try {
      const place = blocks.locate(chunk);
      if (place.length !== length) throw wrongLength();
      pieces.block[row] = this.#numberOf(place.block);
      pieces.offset[row] = place.offset;
    } catch (error) {
      throw withPath(error, path);
    }
  }

  /** There is room: it is the first piece of a file that was just added. */
  #addEmptyPiece(file: number): void {
    const { pieces } = this.#schedule;
    const row = pieces.count++;
    pieces.file[row] = file;
    pieces.length[row] = 0;
    pieces.block[row] = NO_BLOCK;
  }

  #numberOf(block: BlockPlace): number {
    const known = this.#numbers.get(block);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(block, number);
    return number;
  }

  #addName(name: Uint8Array): number {
    const at = this.#namesEnd;
    this.#schedule.names.set(name, at);
    this.#namesEnd += name.length;
    return at;
  }

  #namesAreFull(): boolean {
    return this.#namesEnd + SLACK > this.#capacity.names;
  }

  /** What is not done yet, the open directories and a file, begins the next window. */
  async #flush(): Promise<void> {
    const { window } = this;
    if (this.#onFull === undefined || window === undefined) {
      this.#givenUp = true;
      return;
    }
    await this.#onFull(window);
    const { names, directories, files, pieces, links } = this.#schedule;
    const carried = this.#open.slice(1).map((row) => ({
      name: names.slice(directories.name[row]!, directories.name[row]! + directories.nameLength[row]!),
      mode: directories.mode[row]!,
      mtime: directories.mtime[row]!,
      inode: directories.inode[row]!,
    }));
    const file = this.#unfinished;
    const kept = file === undefined ? undefined : this.#keep(file);
    this.#open = [0];
    this.#namesEnd = 0;
    this.#numbers.clear();
    directories.count = 1;
    directories.firstLink[0] = directories.endLink[0] = 0;
    files.count = pieces.count = links.count = 0;
    for (const directory of carried) {
      this.#addDirectory(this.#here, directory);
      directories.state[this.#here] = MADE;
      directories.inode[this.#here] = directory.inode;
    }
    if (kept === undefined) return;
    const row = this.#addFile(kept);
    files.made[row] = 1;
    files.begunBefore[row] = 1;
  }

  #keep(row: number): FileEntry {
    const { names, files } = this.#schedule;
    const name = names.slice(files.name[row]!, files.name[row]! + files.nameLength[row]!);
    const [mode, mtime, size] = [files.mode[row]!, files.mtime[row]!, files.size[row]!];
    return { kind: 'file', name, mode, mtime, size, content: { form: 'inline', extents: names.slice(0, 0) } };
  }
}

/** @returns undefined if it takes more than one window, as far as one can tell from the summary */
export function capacityFor(
  { files, directories, symlinks, bytes }: Summary,
  depth: number,
): Capacity | undefined {
  const capacity = {
    directories: directories + depth + 1,
    files: files + 1,
    links: symlinks + 1,
    pieces: files + Math.ceil(bytes / USUAL_CHUNK) + 1,
    names: (files + directories + symlinks) * USUAL_NAME + 16 * SLACK,
  };
  const most = { ...WHOLE_WINDOW, pieces: WINDOW * 4 };
  for (const [column, rows] of Object.entries(capacity))
    if (rows > most[column as keyof Capacity]) return undefined;
  return { ...capacity, pieces: Math.min(capacity.pieces, WINDOW) };
}

export function wrongLength(): StrataError {
  return new StrataError('integrity', 'a chunk does not have the length that its file says');
}
