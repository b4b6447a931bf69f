/** Fills a schedule while a tree is visited, and says when a window of it is full. */

import { SHA256_BYTES, giveWay } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { EXTENT_BYTES, extentLength, extentPages, isHole, ownExtents, withPath } from '../tree/index.ts';
import type { DirectoryEntry, FileEntry, Path, SymlinkEntry } from '../tree/index.ts';
import type { BlockPlace, BlockSource, ContentSource } from '../vault/index.ts';
import { SLACK, WHOLE_WINDOW } from './capacity.ts';
import type { Work } from './descend.ts';
import { wrongLength } from './failure.ts';
import { MADE, NO_BLOCK, UNMADE, makeSchedule } from './schedule.ts';
import type { Capacity, Schedule } from './schedule.ts';

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

/** A file whose pieces are being added. */
interface Begun {
  row: number;
  /** Bytes of it that are scheduled. */
  position: number;
  hasPieces: boolean;
  endsInHole: boolean;
}

export class Scheduler {
  readonly #source: ContentSource;
  readonly #blocks: BlockSource | undefined;
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
    this.#blocks = source.blocks;
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

  enter(entry: DirectoryEntry): Work {
    const isFull = this.#schedule.directories.count === this.#capacity.directories;
    return this.#with(!isFull, () => {
      if (!this.#givenUp) this.#addDirectory(this.#here, entry);
    });
  }

  leave(): void {
    if (this.#givenUp) return;
    this.#schedule.directories.closed[this.#open.pop()!] = 1;
  }

  link(entry: SymlinkEntry): Work {
    return this.#with(this.#schedule.links.count < this.#capacity.links, () => {
      if (!this.#givenUp) this.#addLink(entry);
    });
  }

  /** @throws integrity with the path if a chunk of it is missing, or has another length than the file says */
  file(entry: FileEntry, path: Path, signal: AbortSignal | undefined): Work {
    const { files, pieces } = this.#schedule;
    const { content } = entry;
    if (content.form === 'listed') return this.#longFile(entry, path, signal);
    // One that is empty, or all hole, has a piece as well.
    const most = Math.max(1, content.extents.length / EXTENT_BYTES);
    if (most > this.#capacity.pieces) return this.#longFile(entry, path, signal);
    const hasRow = files.count < this.#capacity.files;
    const hasPieces = pieces.count + most <= this.#capacity.pieces;
    return this.#with(hasRow && hasPieces, () => {
      const extents = ownExtents(entry.size, content.extents);
      if (this.#givenUp) return;
      const file = this.#begin(entry);
      this.#addPieces(file, extents, path);
      this.#end(file);
    });
  }

  /** Begins a window first if there is no room in this one. */
  #with(isRoom: boolean, work: () => void): Work {
    if (!isRoom || this.#namesAreFull()) return this.#flush().then(work);
    work();
    return undefined;
  }

  #addLink({ name, target, mtime }: SymlinkEntry): void {
    const { links, directories } = this.#schedule;
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

  /** Its pieces may be more than a window takes. */
  async #longFile(entry: FileEntry, path: Path, signal: AbortSignal | undefined): Promise<void> {
    const { files, pieces } = this.#schedule;
    const isFull = files.count === this.#capacity.files || pieces.count === this.#capacity.pieces;
    if (isFull || this.#namesAreFull()) await this.#flush();
    // What is given up is read all the same: a tree is checked to its last node before anything is written.
    const file = this.#begin(entry);
    for await (const extents of extentPages(this.#source, entry)) {
      for (let at = 0; at < extents.length && !this.#givenUp;) {
        at = this.#addPieces(file, extents, path, at);
        if (at === extents.length) break;
        this.#unfinished = file.row;
        await this.#flush();
        this.#unfinished = undefined;
        file.row = files.count - 1;
      }
      await giveWay(signal);
    }
    this.#end(file);
  }

  #begin(entry: FileEntry): Begun {
    const row = this.#givenUp ? 0 : this.#addFile(entry);
    return { row, position: 0, hasPieces: false, endsInHole: false };
  }

  /** @returns where in `extents` the window was full; else their length */
  #addPieces(file: Begun, extents: Uint8Array, path: Path, from = 0): number {
    const { pieces } = this.#schedule;
    for (let at = from; at < extents.length; at += EXTENT_BYTES) {
      const isHoleNow = isHole(extents, at);
      if (!isHoleNow && pieces.count === this.#capacity.pieces) return at;
      const length = extentLength(extents, at);
      if (!isHoleNow) {
        const chunk = extents.subarray(at, at + SHA256_BYTES) as Sha256;
        this.#addPiece(file.row, chunk, file.position, length, path);
        file.hasPieces = true;
      }
      file.endsInHole = isHoleNow;
      file.position += length;
    }
    return extents.length;
  }

  #end({ row, hasPieces, endsInHole }: Begun): void {
    if (this.#givenUp) return;
    if (!hasPieces) this.#addEmptyPiece(row);
    this.#schedule.files.endsInHole[row] = endsInHole ? 1 : 0;
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
    if (this.#blocks === undefined) return;
    try {
      const place = this.#blocks.locate(chunk);
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
