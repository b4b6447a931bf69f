/** What the next save may believe of a directory that was made exactly a tree: the same as if it had been saved just now. */

import { concatBytes } from '../base/index.ts';
import { extentPages } from '../tree/index.ts';
import type { DirectoryEntry, FileEntry, NodeSource, Root } from '../tree/index.ts';
import { at, lstatAt } from './at.ts';
import { isOfTime, isSuchFile } from './compare.ts';
import type { Work } from './descend.ts';
import { NO_TREE } from './remember.ts';
import type { Sightings } from './sightings.ts';
import { StatCacheWriter } from './stat-cache.ts';

export class ExactMemory {
  readonly #source: NodeSource;
  readonly #sightings: Sightings;
  readonly #writer: StatCacheWriter;
  readonly #root: Root;
  /** Number of the next file. */
  #file = 0;
  /** Of the directories from the root down, whether all that is in them was written down. */
  readonly #isWhole = [true];

  /** @param emit as of `StatCacheWriter` */
  constructor(source: NodeSource, root: Root, sightings: Sightings, emit: (part: Uint8Array) => void) {
    this.#source = source;
    this.#sightings = sightings;
    // `sightings` knows what is too young.
    this.#writer = new StatCacheWriter(Number.POSITIVE_INFINITY, emit);
    this.#root = root;
    this.#writer.enter(new Uint8Array(0), root);
  }

  enter(entry: DirectoryEntry): void {
    this.#writer.enter(entry.name, entry);
    this.#isWhole.push(true);
  }

  leave({ tree }: Pick<DirectoryEntry, 'tree'>): void {
    this.#writer.leave(this.#isWhole.pop() === true ? tree : NO_TREE);
  }

  /** Links are not remembered: they come out of order here, and a save reads them without opening anything. */
  link(): undefined {
    this.#isWhole[this.#isWhole.length - 1] = false;
  }

  /** @param directory where it stands, open; undefined if that is not there */
  file(entry: FileEntry, directory: number | undefined): Work {
    const file = this.#file++;
    const stats = directory === undefined ? undefined : lstatAt(directory, entry.name);
    if (stats?.isFile() !== true) {
      this.link();
      return undefined;
    }
    const { content } = entry;
    const { size, mtimeMs, ctimeMs } = stats;
    // A change within the tick in which a file was moved to its place leaves no trace in its time of change, but in how it looks.
    const isAsSaid = isSuchFile(stats, entry) && isOfTime(stats, at(directory!, entry.name), entry);
    const isKnown = isAsSaid && this.#sightings.matches(file, stats);
    // Nothing has an inode of that number: its name alone is written down.
    const facts = { ino: isKnown ? stats.ino : NaN, size, mtimeMs, ctimeMs };
    if (content.form === 'listed')
      return this.#extents(entry).then((extents) => this.#writer.file(entry, facts, extents));
    this.#writer.file(entry, facts, content.extents);
    return undefined;
  }

  /** When the directory can be changed by others again, so that each change shows. */
  async finish(): Promise<void> {
    await this.#sightings.rest();
    this.leave(this.#root);
    this.#writer.finish();
  }

  async #extents(entry: FileEntry): Promise<Uint8Array> {
    const pages: Uint8Array[] = [];
    for await (const page of extentPages(this.#source, entry)) pages.push(page);
    return concatBytes(pages);
  }
}
