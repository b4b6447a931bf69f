/** A way through the records of a stat cache beside a walk: both go by the bytes of names, so each record is passed once. */

import type { Looks } from './looks.ts';
import type { Facts } from './scan-file.ts';
import { LEAVE_BYTES, LOOKS_BYTES, MARKS_BYTES, NAME_AT, RECORDS, readLeave } from './stat-cache.ts';
import type { Entry, NodeSink, TreeRef } from '../tree/index.ts';
import { EXTENT_BYTES, contentOf, isHole } from '../tree/index.ts';

export class StatCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the next record starts. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get kind(): number {
    return this.bytes[this.at]!;
  }

  /** Whether a file or link is as its record says. */
  matches({ ino, size, mtimeMs, ctimeMs }: Omit<Facts, 'dev'>, mode: number): boolean {
    const looks = this.#looksAt;
    const marks = looks + LOOKS_BYTES;
    return (
      this.#view.getFloat64(marks, true) === ino &&
      this.#view.getFloat64(marks + 8, true) === size &&
      this.#view.getFloat64(marks + 16, true) === mtimeMs &&
      this.#view.getFloat64(marks + 24, true) === ctimeMs &&
      this.#view.getUint16(looks, true) === mode
    );
  }

  looks(): Looks {
    const at = this.#looksAt;
    return { mode: this.#view.getUint16(at, true), mtime: Number(this.#view.getBigInt64(at + 2, true)) };
  }

  /** Of a file the extents, of a link the target. */
  own(): Uint8Array {
    const at = this.#looksAt + LOOKS_BYTES + MARKS_BYTES;
    return this.bytes.subarray(at + 4, at + 4 + this.#view.getUint32(at, true));
  }

  /** Whether every chunk of the file is one that `has` knows. */
  allChunks(has: (bytes: Uint8Array, at: number) => boolean): boolean {
    const from = this.#looksAt + LOOKS_BYTES + MARKS_BYTES + 4;
    const to = from + this.#view.getUint32(from - 4, true);
    for (let at = from; at < to; at += EXTENT_BYTES)
      if (!isHole(this.bytes, at) && !has(this.bytes, at)) return false;
    return true;
  }

  /** Goes into a directory, or passes its end, a file or a link. */
  step(): void {
    const { kind } = this;
    if (kind === RECORDS.leave) this.at += LEAVE_BYTES;
    else if (kind === RECORDS.enter) this.at = this.#looksAt + LOOKS_BYTES;
    else {
      const own = this.#looksAt + LOOKS_BYTES + MARKS_BYTES;
      this.at = own + 4 + this.#view.getUint32(own, true);
    }
  }

  /** Passes over the next record, and over all that is in a directory. @returns where the last of them started */
  skip(): number {
    let depth = 0;
    for (;;) {
      const { kind, at } = this;
      if (kind === RECORDS.enter) depth++;
      else if (kind === RECORDS.leave) depth--;
      this.step();
      if (depth === 0) return at;
    }
  }

  tree(): TreeRef {
    return readLeave(this.bytes, this.at);
  }

  /** The entries of records that follow one another in one directory. */
  static *entries(bytes: Uint8Array, sink: NodeSink): Generator<Entry, void> {
    const cursor = new StatCursor(bytes);
    while (cursor.at < bytes.length) {
      const { kind } = cursor;
      const entry = { name: cursor.#name(), ...cursor.looks() };
      if (kind === RECORDS.enter) {
        yield { kind: 'directory', ...entry, tree: readLeave(bytes, cursor.skip()) };
        continue;
      }
      const own = cursor.own();
      const size = cursor.#size();
      cursor.step();
      if (kind === RECORDS.symlink) yield { kind: 'symlink', ...entry, target: own };
      else yield { kind: 'file', ...entry, ...contentOf(sink, own, size) };
    }
  }

  get #looksAt(): number {
    return this.at + NAME_AT + this.#view.getUint16(this.at + 1, true);
  }

  #name(): Uint8Array {
    return this.bytes.subarray(this.at + NAME_AT, this.#looksAt);
  }

  #size(): number {
    return this.#view.getFloat64(this.#looksAt + LOOKS_BYTES + 8, true);
  }

  /** @param name one character a byte @returns as `compareBytes` of the record's name with it */
  compareName(name: string): number {
    const from = this.at + NAME_AT;
    const length = this.#view.getUint16(this.at + 1, true);
    const shared = Math.min(length, name.length);
    for (let at = 0; at < shared; at++) {
      const difference = this.bytes[from + at]! - name.charCodeAt(at);
      if (difference !== 0) return difference;
    }
    return length - name.length;
  }
}
