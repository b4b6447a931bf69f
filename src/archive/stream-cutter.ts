/** The bytes of a file, as they come, become the chunks and holes that a save of the same file has: docs/design.md 2. */

import { MAX_CHUNK, PAGE, isZeroPage, nextCut, scanBuffer } from '../chunk/index.ts';
import { ContentBuilder } from '../tree/index.ts';
import type { BuiltContent } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';

/** Data that is gathered before cuts are looked for. Bytes, a multiple of `PAGE`. */
const PART = 1024 * 1024;

/** One for many files, one after another. */
export class StreamCutter {
  readonly #sink: ContentSink;
  readonly #buffer = scanBuffer(PART + MAX_CHUNK);
  #content: ContentBuilder;
  /** The data run that is being cut, whole pages of it: `buffer[start, end)`; then a page that is not whole yet, up to `filled`. */
  #start = 0;
  #end = 0;
  #filled = 0;

  constructor(sink: ContentSink) {
    this.#sink = sink;
    this.#content = new ContentBuilder(sink);
  }

  write(part: Uint8Array): void {
    for (let at = 0; at < part.length;) {
      const length = Math.min(part.length - at, this.#end + PAGE - this.#filled);
      this.#buffer.set(part.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      if (this.#filled - this.#end === PAGE) this.#endPage();
    }
  }

  /** Ends the file; what is written next is another one's. */
  finish(): BuiltContent {
    // A page that is not whole is no hole.
    this.#end = this.#filled;
    this.#cut(true);
    const built = this.#content.finish();
    this.#content = new ContentBuilder(this.#sink);
    this.#start = this.#end = this.#filled = 0;
    return built;
  }

  #endPage(): void {
    if (isZeroPage(this.#buffer, this.#end)) {
      this.#cut(true);
      this.#content.hole(PAGE);
      this.#start = this.#end = this.#filled = 0;
      return;
    }
    this.#end = this.#filled;
    if (this.#end + PAGE <= this.#buffer.length) return;
    this.#cut(false);
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#filled = this.#end;
    this.#start = 0;
  }

  /** @param final whether the run ends where the whole pages do */
  #cut(final: boolean): void {
    while (this.#start < this.#end) {
      const next = nextCut(this.#sink.cutTables, this.#buffer, this.#start, this.#end, final);
      if (next === -1) return;
      const id = this.#sink.chunk(this.#buffer.subarray(this.#start, next));
      this.#content.chunk(id, next - this.#start);
      this.#start = next;
    }
  }
}
