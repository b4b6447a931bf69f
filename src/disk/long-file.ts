/** One long file, cut by several threads at once: its ranges go out in order, and their extents are put together in order. */

import { closeSync, fstatSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { contentOf } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { FileSlot } from './assembler.ts';
import { at } from './at.ts';
import type { CutContent } from './cut-file.ts';
import { ExtentList } from './extent-list.ts';
import { holeMap } from './hole-map.ts';
import type { Pace } from './pace.ts';
import { Ranges, rangesOf } from './ranges.ts';
import { systemErrorOf } from './save-order.ts';
import type { RangeAnswer, SaveThreads } from './save-threads.ts';
import { isAtRest, isUnchanged, openFile } from './scan-file.ts';

/** @param content undefined if the file was changed @param error what the system refused */
export type LongFileEnd = (file: LongFile, content: CutContent | undefined, error?: unknown) => void;

interface Around {
  readonly sink: ContentSink;
  readonly pace: Pace;
  readonly threads: SaveThreads;
}

export class LongFile implements Disposable {
  readonly #slot: FileSlot;
  readonly #fd: number;
  readonly #ranges: Ranges;
  readonly #around: Around;
  readonly #end: LongFileEnd;
  /** Of ranges that came before their turn, by number. */
  readonly #early = new Map<number, Uint8Array>();
  readonly #extents = new ExtentList();
  #posted = 0;
  #answered = 0;
  /** Ranges whose extents are in the list. */
  #joined = 0;
  /** Bytes of the file that the list covers. */
  #position = 0;
  #changed = false;
  #ended = false;
  #error: unknown;

  /** @returns undefined if it is not the file that it was @throws the system's error */
  static open(slot: FileSlot, around: Around, end: LongFileEnd): LongFile | undefined {
    if (!isAtRest(slot.directory, slot.name, slot.facts)) return undefined;
    const fd = openFile(at(slot.directory, slot.name));
    if (fd === undefined) return undefined;
    try {
      const ranges = Ranges.of(rangesOf(slot.facts.size, holeMap(fd, slot.facts.size)));
      return new LongFile(slot, fd, ranges, around, end);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  private constructor(slot: FileSlot, fd: number, ranges: Ranges, around: Around, end: LongFileEnd) {
    this.#slot = slot;
    this.#fd = fd;
    this.#ranges = ranges;
    this.#around = around;
    this.#end = end;
  }

  /** Whether all ranges are with the threads, or no more of them are of use. */
  get isPosted(): boolean {
    if (this.#ended || this.#changed || this.#error !== undefined) return true;
    return this.#posted > 0 && this.#posted === this.#ranges.count;
  }

  /** Has one range more done. A file that is one hole has none, and ends at once. */
  post(): void {
    if (this.#ranges.count === 0) return this.#finish();
    this.#posted++;
    this.#around.threads.range(this.#fd, this.#ranges, (answer) => this.#take(answer));
  }

  /** When no answer will come any more. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    closeSync(this.#fd);
  }

  #take({ number, extents, failure }: RangeAnswer): void {
    this.#answered++;
    if (failure !== undefined) this.#error ??= systemErrorOf(...failure);
    else if (extents === undefined) this.#changed = true;
    else {
      this.#early.set(number, extents);
      const { from, to } = this.#ranges.at(number);
      this.#around.pace.bytes += to - from;
    }
    for (let next = this.#early.get(this.#joined); next !== undefined; next = this.#early.get(this.#joined)) {
      this.#early.delete(this.#joined);
      this.#fillTo(this.#ranges.at(this.#joined).from);
      this.#position += this.#extents.append(next);
      this.#joined++;
    }
    if (this.#answered === this.#posted && this.isPosted) this.#finish();
  }

  /** What no range covers is a hole. */
  #fillTo(position: number): void {
    if (position <= this.#position) return;
    this.#extents.hole(position - this.#position);
    this.#position = position;
  }

  #finish(): void {
    const { facts } = this.#slot;
    let after: Stats | undefined;
    try {
      after = fstatSync(this.#fd);
    } catch (error) {
      this.#error ??= error;
    } finally {
      this[Symbol.dispose]();
    }
    if (after === undefined || this.#error !== undefined) return this.#end(this, undefined, this.#error);
    if (this.#changed || !isUnchanged(facts, after)) return this.#end(this, undefined);
    this.#fillTo(facts.size);
    const extents = this.#extents.take();
    this.#end(this, { ...contentOf(this.#around.sink, extents, facts.size), extents });
  }
}
