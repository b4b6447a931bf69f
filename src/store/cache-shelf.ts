/** What a cache has kept of one store, on the disk. What is wrong with it is nobody's error: it is removed, or the cache falls silent. */

import { closeSync, constants, fstatSync, futimesSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

import {
  errno,
  formatDuration,
  giveWay,
  isStrataError,
  sha256,
  systemError,
  toHex,
  utf8,
} from '../base/index.ts';
import type { Cancellable, Log, Sha256 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { lengthOf, slices } from './body.ts';
import type { Range } from './bucket.ts';
import { HeldDirectory, remove } from './cache-directory.ts';
import { Draft } from './cache-draft.ts';
import { readEntry } from './cache-entry.ts';
import { DRAFTS, entriesWith, entryName, objectDirectory } from './cache-names.ts';
import { MOST_CONTENT, entryBytes } from './cache-proof.ts';
import { Room, removeDrafts } from './cache-room.ts';
import type { RoomOptions } from './cache-room.ts';
import { costOf } from './cache-tally.ts';
import type { GetOptions } from './store.ts';

/** Neither a FIFO nor a link in place of an entry may hold us or lead us elsewhere. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** What is answered for what is no plain file, or cannot be read any more. */
const SPOILED: ReadonlySet<string | undefined> = new Set(['ELOOP', 'ENXIO', 'EIO']);

/** Of the bound: nothing larger is kept, since it would cost too much of the rest its place. */
const LARGEST_SHARE = 1 / 4;
/** Milliseconds between two touches of an entry. */
const TOUCH = 60_000;
/** Milliseconds for which nothing is kept after a failure. */
const SILENCE = 60_000;
/** Bytes that are written before others have their turn: about 5 ms. */
const WRITTEN_AT_ONCE = 4 * 1024 * 1024;
const TRIES = 3;
/** Remembered of what was asked for once. Of a larger restore some is asked for twice before it is kept. */
const MOST_ASKED = 100_000;

export interface ShelfOptions extends RoomOptions {
  readonly directory: string;
  readonly identity: string;
  readonly log: Log;
}

/** Its calls throw nothing but `cancelled`. */
export class Shelf {
  readonly #options: ShelfOptions;
  readonly #path: string;
  readonly #store: Sha256;
  readonly #room: Room;
  readonly #largest: number;
  #isSwept = false;
  /** What this process has asked for and not kept: entries, and objects that nobody had asked for before it. */
  readonly #asked = new Set<string>();
  /** No time before it is one for keeping, or for another line about reading. */
  readonly #silent = { keep: -Infinity, read: -Infinity };

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#store = sha256(utf8(options.identity));
    this.#path = join(options.directory, toHex(this.#store));
    this.#room = new Room(options);
    this.#largest = Math.min(options.most * LARGEST_SHARE, MOST_CONTENT);
  }

  /** @returns undefined if it was not kept; also if the range is past the end, or the object too long: the store says it in its words */
  async read(name: string, options: GetOptions): Promise<Sealed | undefined> {
    return this.#quietly('read', async () => {
      using root = this.#open();
      using object = root?.enter(objectDirectory(name));
      if (object === undefined) return undefined;
      const { range: wanted } = options;
      const exact = await this.#readOne(object, name, wanted, options);
      if (exact !== undefined || wanted === undefined) return exact;
      for (const range of entriesWith(wanted, object.names())) {
        const bytes = await this.#readOne(object, name, range, options);
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    });
  }

  /**
   * Whether it is not the first time, here or in another process. What another process has asked for is known by the object, not by the
   * range, and forgotten when room is made.
   */
  wasAskedFor(name: string, range: Range | undefined): boolean {
    const directory = objectDirectory(name);
    const asked = `${directory} ${entryName(range)}`;
    if (this.#asked.has(asked)) return true;
    if (this.#asked.size >= MOST_ASKED) this.#asked.clear();
    this.#asked.add(asked);
    if (this.#asked.has(directory) || this.#isSilent()) return false;
    try {
      using root = this.#openOrMake();
      using there = root.enter(directory);
      if (there !== undefined) return true;
      this.#asked.add(directory);
      root.enterOrMake(directory)[Symbol.dispose]();
    } catch (error) {
      this.#fallSilent('keep', error);
    }
    return false;
  }

  /** @param parts stay as they are until it returns */
  async keep(
    name: string,
    range: Range | undefined,
    parts: readonly Uint8Array[],
    { signal }: Cancellable,
  ): Promise<void> {
    if (!this.#fits(name, lengthOf(parts))) return;
    using draft = this.begin();
    if (draft === undefined) return;
    await this.#quietly('keep', async () => {
      let written = 0;
      const pause = async (count: number) => {
        if (written > 0 && written % WRITTEN_AT_ONCE < count) await giveWay(signal);
        written += count;
      };
      for await (const slice of slices(parts, pause)) draft.write(slice);
      await this.#publish(draft, name, range);
    });
  }

  /** Begins an entry of which the end is not known yet. The caller disposes of it. @returns undefined if nothing is kept now */
  begin(): Draft | undefined {
    if (this.#isSilent()) return undefined;
    try {
      using root = this.#openOrMake();
      if (!this.#isSwept) {
        using swept = root.enterOrMake(DRAFTS);
        removeDrafts(swept, this.#options.now);
      }
      this.#isSwept = true;
      const drafts = root.enterOrMake(DRAFTS);
      return new Draft(drafts, this.#options.random);
    } catch (error) {
      this.#fallSilent('keep', error);
      return undefined;
    }
  }

  /** @returns false if the draft can be thrown away */
  add(draft: Draft, name: string, bytes: Uint8Array): boolean {
    if (!this.#fits(name, draft.length + bytes.length)) return false;
    try {
      draft.write(bytes);
      return true;
    } catch (error) {
      this.#fallSilent('keep', error);
      return false;
    }
  }

  /** Keeps what was added as all of the object. */
  async publish(draft: Draft, name: string): Promise<void> {
    await this.#quietly('keep', async () => this.#publish(draft, name, undefined));
  }

  drop(name: string): void {
    try {
      using root = this.#open();
      if (root !== undefined) remove(root.at(objectDirectory(name)));
    } catch (error) {
      this.#fallSilent('read', error);
    }
  }

  async #readOne(
    object: HeldDirectory,
    name: string,
    range: Range | undefined,
    options: GetOptions,
  ): Promise<Sealed | undefined> {
    const path = object.at(entryName(range));
    let file: number | undefined;
    try {
      file = openSync(path, READ_FLAGS);
      const stats = fstatSync(file);
      const subject = { store: this.#store, name, range };
      const bytes = stats.isFile() ? await readEntry(file, stats.size, subject, options) : 'unproven';
      if (bytes === 'unproven') remove(path);
      if (typeof bytes === 'string') return undefined;
      this.#touch(file, stats.mtimeMs);
      return bytes;
    } catch (error) {
      if (errno(error) === 'ENOENT') return undefined;
      if (!SPOILED.has(errno(error))) throw error;
      remove(path);
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #touch(file: number, last: number): void {
    const time = this.#options.now();
    if (Math.abs(time - last) < TOUCH) return;
    try {
      futimesSync(file, time / 1000, time / 1000);
    } catch {
      // On a disk that cannot be written to nothing is removed either.
    }
  }

  async #publish(draft: Draft, name: string, range: Range | undefined): Promise<void> {
    using root = this.#openOrMake();
    if (!(await this.#room.take(root, draft.sizeAs(name)))) return;
    draft.prove({ store: this.#store, name, range });
    for (let tries = 1; ; tries++) {
      using object = root.enterOrMake(objectDirectory(name));
      try {
        draft.publish(object.at(entryName(range)));
        return;
      } catch (error) {
        // It was empty, so who makes room took it away.
        if (errno(error) !== 'ENOENT' || tries === TRIES) throw error;
      }
    }
  }

  #fits(name: string, length: number): boolean {
    return costOf(entryBytes(name, length)) <= this.#largest;
  }

  #open(): HeldDirectory | undefined {
    return this.#claimed(HeldDirectory.open(this.#path));
  }

  #openOrMake(): HeldDirectory {
    const there = this.#open();
    if (there !== undefined) return there;
    mkdirSync(this.#options.directory, { recursive: true, mode: 0o700 });
    return this.#claimed(HeldDirectory.make(this.#path));
  }

  #claimed<Held extends HeldDirectory | undefined>(root: Held): Held {
    try {
      root?.claim(this.#path);
      return root;
    } catch (error) {
      root?.[Symbol.dispose]();
      throw error;
    }
  }

  async #quietly<Value>(doing: 'keep' | 'read', call: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await call();
    } catch (error) {
      if (isStrataError(error, 'cancelled')) throw error;
      this.#fallSilent(doing, error);
      return undefined;
    }
  }

  #isSilent(): boolean {
    return this.#options.now() < this.#silent.keep;
  }

  #fallSilent(doing: 'keep' | 'read', error: unknown): void {
    const time = this.#options.now();
    const wasSilent = time < this.#silent[doing];
    this.#silent[doing] = time + SILENCE;
    if (wasSilent) return;
    const said = systemError(error, `${doing === 'keep' ? 'write to' : 'read'} ${this.#path}`);
    const reason = said instanceof Error ? said.message : String(said);
    this.#options.log(
      doing === 'keep'
        ? `the cache keeps nothing for ${formatDuration(SILENCE)}: ${reason}`
        : `the cache is passed by: ${reason}`,
    );
  }
}
