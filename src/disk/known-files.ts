/** What is known of files from the last save of a directory, or restore to it, followed alongside a tree: they need not be read again. */

import type { Stats } from 'node:fs';

import { equalBytes } from '../base/index.ts';
import { extentPages } from '../tree/index.ts';
import type { FileEntry, NodeSource } from '../tree/index.ts';
import { PERMISSION_BITS } from './at.ts';
import { RECORDS, damagedMemory } from './stat-cache.ts';
import { StatCursor } from './stat-cursor.ts';

export class KnownFiles {
  readonly #cursor: StatCursor;
  /** How many levels below the last directory that is known. */
  #beyond = 0;

  /** @param records as a `StatCacheWriter` wrote them */
  constructor(records: Uint8Array) {
    this.#cursor = new StatCursor(records);
    if (records.length === 0) this.#beyond = 1;
    else this.#believing((cursor) => cursor.step());
  }

  /** Goes into a directory. Its siblings, files too, come in the order of their names; links are not asked about. */
  enter(name: Uint8Array): void {
    if (this.#beyond > 0 || !this.#seek(name, RECORDS.enter)) this.#beyond++;
    else this.#believing((cursor) => cursor.step());
  }

  leave(): void {
    if (this.#beyond > 0) {
      this.#beyond--;
      return;
    }
    this.#believing((cursor) => {
      while (cursor.kind !== RECORDS.leave) cursor.skip();
      cursor.step();
    });
  }

  /**
   * Whether the file of that name is known to have the content of an entry.
   *
   * @param stats as it is now
   * @returns false also where nothing is known of it; the same content may be cut otherwise
   */
  async hasContent(source: NodeSource, entry: FileEntry, stats: Stats): Promise<boolean> {
    const extents = this.#extents(entry.name, stats);
    if (extents === undefined) return false;
    if (entry.content.form === 'inline') return equalBytes(entry.content.extents, extents);
    let at = 0;
    for await (const page of extentPages(source, entry)) {
      if (!equalBytes(page, extents.subarray(at, at + page.length))) return false;
      at += page.length;
    }
    return at === extents.length;
  }

  /** Packed; undefined if the file does not look as it did. */
  #extents(name: Uint8Array, stats: Stats): Uint8Array | undefined {
    if (this.#beyond > 0 || !this.#seek(name, RECORDS.file)) return undefined;
    return this.#believing((cursor) =>
      cursor.matches(stats, stats.mode & PERMISSION_BITS) ? cursor.own() : undefined,
    );
  }

  #seek(name: Uint8Array, kind: number): boolean {
    const text = Buffer.from(name).toString('latin1');
    return this.#believing((cursor) => {
      while (cursor.kind !== RECORDS.leave && cursor.compareName(text) < 0) cursor.skip();
      return cursor.kind === kind && cursor.compareName(text) === 0;
    });
  }

  /** Records are read without a look at where they end. */
  #believing<Value>(step: (cursor: StatCursor) => Value): Value {
    try {
      return step(this.#cursor);
    } catch (error) {
      throw error instanceof RangeError ? damagedMemory(error) : error;
    }
  }
}
