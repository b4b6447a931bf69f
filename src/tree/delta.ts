/** What a task added: the tree that it saved without what it was given. */

import { equalBytes } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { Cursor } from './cursor.ts';
import { equalEntries, nextStep } from './diff.ts';
import type { Pair, Step } from './diff.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { DirectoryEntry, TreeRef } from './entry.ts';
import { MAX_DEPTH } from './limits.ts';
import type { NodeSink, NodeSource } from './node.ts';
import { deeper } from './read.ts';
import { withPath } from './with-path.ts';

export interface DeltaOptions extends Cancellable {
  /** Whether what is gone leaves a whiteout. Default: it leaves nothing. */
  readonly deletions?: boolean;
}

export interface Delta {
  readonly tree: TreeRef;
  /** Entries that were added or changed or are gone, a directory taken whole counted as one; 0: nothing happened. */
  readonly changes: number;
  /** Of these, those that are gone. */
  readonly whiteouts: number;
}

interface Frame extends Pair {
  /** As it was saved; undefined for the root. */
  readonly entry: DirectoryEntry | undefined;
  /** Whether it counts even if nothing in it does: its mode is new. */
  readonly isChanged: boolean;
  readonly builder: DirectoryBuilder;
  /** Something was added to the builder. */
  isHolding: boolean;
}

/**
 * What `saved` has that `given` has not, or has otherwise. Times do not count. Directories are in it if they hold some of that, are new or have
 * another mode; new ones are taken whole and not read, and what is equal is not read either.
 *
 * Whoever saved only a part of a directory gives only that part of `given`: with `deletions`, everything else would be gone.
 *
 * With `deletions`, to put the result over `given` by `override` gives `saved`.
 *
 * @param source has the nodes of both
 * @param saved without whiteouts, as `given`
 * @throws integrity with the path, unsupported_format, cancelled
 */
export async function subtract(
  source: NodeSource,
  sink: NodeSink,
  saved: TreeRef,
  given: TreeRef,
  { deletions = false, signal }: DeltaOptions = {},
): Promise<Delta> {
  const above: Uint8Array[] = [];
  const open: Frame[] = [];
  let changes = 0;
  let whiteouts = 0;

  const enter = async (entry: DirectoryEntry | undefined, before: TreeRef, isChanged: boolean) => {
    const pair = {
      before: await Cursor.open(source, before, { signal }),
      after: await Cursor.open(source, entry?.tree ?? saved, { signal }),
    };
    open.push({ ...pair, entry, isChanged, builder: new DirectoryBuilder(sink), isHolding: false });
  };

  const place = async (frame: Frame, { before, after }: Step) => {
    const { name } = (after ?? before)!;
    if (above.length >= MAX_DEPTH) deeper(above, name);
    if (after?.kind === 'directory' && before?.kind === 'directory') {
      const isChanged = !equalEntries(before, after);
      if (isChanged) changes += 1;
      if (equalBytes(before.tree.digest, after.tree.digest)) {
        // Nothing in it is new, so nothing has to be read to say so.
        if (isChanged) add(frame, { ...after, tree: new DirectoryBuilder(sink).finish() });
        return;
      }
      above.push(name);
      return enter(after, before.tree, isChanged);
    }
    if (after !== undefined) {
      if (before !== undefined && equalEntries(before, after)) return;
      changes += 1;
      add(frame, after);
    } else if (deletions) {
      changes += 1;
      whiteouts += 1;
      add(frame, { kind: 'whiteout', name, mode: 0, mtime: 0 });
    }
  };

  const run = async (): Promise<TreeRef> => {
    await enter(undefined, given, false);
    for (;;) {
      const frame = open.at(-1)!;
      const step = await nextStep(frame);
      if (step !== undefined) {
        await place(frame, step);
        continue;
      }
      open.pop();
      above.pop();
      const tree = frame.builder.finish();
      const parent = open.at(-1);
      if (parent === undefined || frame.entry === undefined) return tree;
      if (frame.isHolding || frame.isChanged) add(parent, { ...frame.entry, tree });
    }
  };

  if (equalBytes(saved.digest, given.digest))
    return { tree: new DirectoryBuilder(sink).finish(), changes, whiteouts };
  try {
    return { tree: await run(), changes, whiteouts };
  } catch (error) {
    throw above.length > 0 ? withPath(error, above) : error;
  }
}

function add(frame: Frame, entry: Parameters<DirectoryBuilder['add']>[0]): void {
  frame.builder.add(entry);
  frame.isHolding = true;
}
