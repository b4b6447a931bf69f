/**
 * What a directory looked like when it was saved or restored, so that the next save need not read what has not changed. It belongs to
 * this machine and is never part of a tree: without it, or with one that is lost, a save only takes longer.
 *
 * It is a list of records in the order of a walk: a directory's, then those of all in it by the bytes of their names, then its end.
 */

import { ByteReader, ByteWriter, SHA256_BYTES, StrataError } from '../base/index.ts';
import { readTree, writeTree } from '../tree/index.ts';
import type { FileEntry, SymlinkEntry, TreeRef } from '../tree/index.ts';
import type { Looks } from './looks.ts';
import type { Facts } from './scan-file.ts';
import { tickOf } from './tick.ts';

/** By which a file or link is recognised. */
type Marks = Omit<Facts, 'dev'>;

/** Codes of records. */
export const RECORDS = { file: 1, symlink: 2, enter: 3, leave: 4 } as const;

/** `u8 kind · u16 n · name (n) · …` */
export const NAME_AT = 3;

/** Behind the name: `u16 mode · i64 mtime`; then, but for directories, four f64 by which it is recognised. */
export const LOOKS_BYTES = 2 + 8;
export const MARKS_BYTES = 4 * 8;

/** `u8 kind · node · digest · 4 × u64` */
export const LEAVE_BYTES = 1 + 2 * SHA256_BYTES + 4 * 8;

/** Bytes at which what was written is handed on. */
const PART_BYTES = 1024 * 1024;

export class StatCacheWriter {
  readonly #emit: (part: Uint8Array) => void;
  readonly #began: number;
  readonly #writer = new ByteWriter();
  readonly #view = new DataView(new ArrayBuffer(8));

  /**
   * @param began when the save began, in milliseconds. What changed less than a tick before, or later, is written down so that it is
   *   never recognised: another change might leave no trace. Its name has to stand there all the same: a name that is gone by the next
   *   save would not be missed, and a directory be taken for what it was
   * @param emit is given the bytes of all records, part by part; each is good until the call returns
   */
  constructor(began: number, emit: (part: Uint8Array) => void) {
    this.#began = began;
    this.#emit = emit;
  }

  enter(name: Uint8Array, looks: Looks): void {
    this.#start(RECORDS.enter, name, looks);
  }

  /** @param extents packed: all of them, also where the entry has a list */
  file(
    { name, mode, mtime }: Pick<FileEntry, 'name' | 'mode' | 'mtime'>,
    facts: Marks,
    extents: Uint8Array,
  ): void {
    this.#start(RECORDS.file, name, { mode, mtime });
    this.#marks(facts);
    this.#writer.u32(extents.length).bytes(extents);
  }

  symlink(entry: SymlinkEntry, facts: Marks): void {
    this.#start(RECORDS.symlink, entry.name, entry);
    this.#marks(facts);
    this.#writer.u32(entry.target.length).bytes(entry.target);
  }

  leave(tree: TreeRef): void {
    writeTree(this.#writer.u8(RECORDS.leave), tree);
    this.#handOn(PART_BYTES);
  }

  /** Records as they were. */
  copy(records: Uint8Array): void {
    // Those of a directory of a million files are 100 MB.
    for (let at = 0; at < records.length; at += PART_BYTES) {
      this.#writer.bytes(records.subarray(at, at + PART_BYTES));
      this.#handOn(PART_BYTES);
    }
  }

  finish(): void {
    this.#handOn(1);
  }

  #start(kind: number, name: Uint8Array, { mode, mtime }: Looks): void {
    this.#handOn(PART_BYTES);
    this.#writer.u8(kind).short(name).u16(mode).i64(mtime);
  }

  #marks({ ino, size, mtimeMs, ctimeMs }: Marks): void {
    // Nothing has an inode of that number, itself included.
    this.#mark(ctimeMs > this.#began - tickOf(ctimeMs) ? NaN : ino);
    this.#mark(size);
    this.#mark(mtimeMs);
    this.#mark(ctimeMs);
  }

  #mark(mark: number): void {
    this.#view.setFloat64(0, mark, true);
    this.#writer.u32(this.#view.getUint32(0, true)).u32(this.#view.getUint32(4, true));
  }

  #handOn(atLeast: number): void {
    if (this.#writer.length < atLeast) return;
    this.#emit(this.#writer.written);
    this.#writer.clear();
  }
}

/** Damage on the disk never gets this far: the file would read as nothing. */
export function damagedMemory(cause: unknown): StrataError {
  return new StrataError('integrity', 'what is remembered of the directory is damaged', {
    hint: 'Delete the directory `cache` in the home, then save again.',
    cause,
  });
}

/** Reads the end of a directory. @param at where its record starts */
export function readLeave(bytes: Uint8Array, at: number): TreeRef {
  return readTree(new ByteReader(bytes.subarray(at + 1, at + LEAVE_BYTES), 'a stat cache'));
}
