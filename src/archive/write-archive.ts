/** A tree becomes an archive: a stream of bytes that depends on the tree alone. */

import { StrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { walk, withPath } from '../tree/index.ts';
import type { FileEntry, NodeSource, Root } from '../tree/index.ts';
import { BLOCK, RECORD, paddingOf } from './block.ts';
import { memberHeader, writtenOf } from './member-header.ts';

/** What is given out at a time. Bytes. */
const PART = 256 * 1024;

export interface WriteArchiveOptions extends Cancellable {
  /** Files that are written, and their bytes. */
  readonly onProgress?: ((progress: { readonly files: number; readonly bytes: number }) => void) | undefined;
}

/**
 * Directories come before what is in them, names in ascending order of their bytes; the root is `./`. Owners are 0, and holes are
 * written as zeros.
 *
 * @param content the bytes of a file, verified
 * @returns parts that are the reader's
 * @throws integrity with the path, unsupported_format, cancelled
 */
export async function* writeArchive(
  source: NodeSource,
  content: (file: FileEntry) => AsyncIterable<Uint8Array>,
  root: Root,
  options: WriteArchiveOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { signal, onProgress } = options;
  const parts = new Parts();
  const done = { files: 0, bytes: 0 };
  yield* parts.add(memberHeader([], { kind: 'directory', mode: root.mode, mtime: root.mtime }));
  for await (const { path, entry } of walk(source, root.tree, { signal })) {
    const written = writtenOf(entry);
    if (written === undefined) continue;
    yield* parts.add(memberHeader(path, written));
    if (entry.kind !== 'file') continue;
    const before = done.bytes;
    try {
      for await (const bytes of content(entry)) {
        throwIfAborted(signal);
        yield* parts.add(bytes);
        done.bytes += bytes.length;
        onProgress?.(done);
      }
    } catch (error) {
      throw withPath(error, path);
    }
    if (done.bytes - before !== entry.size)
      throw withPath(new StrataError('integrity', 'a file does not have the bytes that it should'), path);
    yield* parts.zeros(paddingOf(entry.size));
    done.files++;
    onProgress?.(done);
  }
  yield* parts.zeros(2 * BLOCK);
  yield* parts.zeros((RECORD - (parts.total % RECORD)) % RECORD);
  yield* parts.end();
}

/** Gathers bytes: a write for each header would cost more than all the rest. */
class Parts {
  total = 0;
  #part = new Uint8Array(PART);
  #used = 0;

  *add(bytes: Uint8Array): Generator<Uint8Array, void> {
    for (let at = 0; at < bytes.length;) {
      const length = Math.min(bytes.length - at, PART - this.#used);
      this.#part.set(bytes.subarray(at, at + length), this.#used);
      at += length;
      this.#used += length;
      this.total += length;
      if (this.#used === PART) yield* this.end();
    }
  }

  *zeros(length: number): Generator<Uint8Array, void> {
    yield* this.add(new Uint8Array(length));
  }

  *end(): Generator<Uint8Array, void> {
    if (this.#used > 0) yield this.#part.subarray(0, this.#used);
    this.#part = new Uint8Array(PART);
    this.#used = 0;
  }
}
