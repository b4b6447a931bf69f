/** What a task was given of its workspace, and what is known of its directories: a save reads only what has changed since. */

import { StagedNodes, graft } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';
import { Overlay, eitherNodes } from '../workspace/index.ts';
import type { ReadableTree } from '../workspace/index.ts';

interface Restored extends ReadableTree {
  /** From the task's home down to where it was put. */
  readonly names: Path;
  /** As for `remember`. */
  readonly records: Uint8Array | undefined;
}

/** Records of one directory that are kept in memory: those of half a million files. */
const MOST_BYTES = 64 * 1024 * 1024;

export class Given {
  readonly #restored: Restored[] = [];
  readonly #records = new Map<string, Uint8Array>();

  /** A part of the workspace is on the disk. */
  add(restored: Restored): void {
    this.#restored.push(restored);
    this.remember(restored.names, restored.records);
  }

  /** Takes down what a directory of the task holds, as a restore or a save of it tells. @param records undefined: nothing new */
  remember(names: Path, records: Uint8Array | undefined): void {
    if (records !== undefined && records.length <= MOST_BYTES) this.#records.set(keyOf(names), records);
  }

  /** All of it together as it stands in the workspace; undefined: nothing was restored. */
  async tree(signal: AbortSignal): Promise<ReadableTree | undefined> {
    const last = this.#restored.at(-1);
    if (last === undefined || this.#restored.length === 1) return last;
    const staged = new StagedNodes(eitherNodes(this.#restored.map(({ source }) => source)));
    const parts = this.#restored.map(({ root }) => ({ root, at: [] }));
    const root = await graft(staged.source, staged.sink, parts, { signal });
    return { root, source: new Overlay(staged, last.source) };
  }

  /** What is remembered of a directory of the task. */
  records(names: Path): Uint8Array | undefined {
    return this.#records.get(keyOf(names));
  }
}

function keyOf(names: Path): string {
  return Buffer.concat(names.flatMap((name) => [Buffer.from('/'), name])).toString('latin1');
}
