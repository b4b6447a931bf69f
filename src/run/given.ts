/** What a task was given: what its restore steps have put on the disk so far, as parts of the workspace. */

import { StagedNodes, graft } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';
import { Overlay, eitherNodes } from '../workspace/index.ts';
import type { ReadableTree } from '../workspace/index.ts';

interface Restored extends ReadableTree {
  /** From the task's home down to where it was put. */
  readonly names: Path;
  readonly records: Uint8Array | undefined;
}

export class Given {
  readonly #restored: Restored[] = [];

  add(restored: Restored): void {
    this.#restored.push(restored);
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
    const key = keyOf(names);
    return this.#restored.findLast((each) => keyOf(each.names) === key)?.records;
  }
}

function keyOf(names: Path): string {
  return Buffer.concat(names.flatMap((name) => [Buffer.from('/'), name])).toString('latin1');
}
