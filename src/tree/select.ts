/** The part of a tree that somebody asks for by patterns. */

import { StrataError, asBuffer } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { Cursor } from './cursor.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { DirectoryEntry, TreeRef } from './entry.ts';
import { MAX_DEPTH } from './limits.ts';
import type { NodeSink, NodeSource } from './node.ts';
import { deeper } from './read.ts';
import { pathText, withPath } from './with-path.ts';

/**
 * What a pattern says of a path.
 *
 * - `all`: it matches; of a directory everything in it belongs to it.
 * - `enter`: it does not, but may match something in this directory.
 * - `none`: nothing here.
 *
 * The text is the names as UTF-8 with `/` between; U+FFFD stands for bytes that are none.
 */
export type Selector = (path: string, isDirectory: boolean) => 'all' | 'enter' | 'none';

export interface Selection {
  /** Directories are in it if they match, or hold something that does. */
  readonly tree: TreeRef;
  /** For each selector whether it matched anything. */
  readonly matched: readonly boolean[];
}

/** Characters of a path that patterns are asked about: sixteen times what Linux takes, and little enough to match at each level. */
const MAX_TEXT = 65_536;

interface Frame {
  readonly entry: DirectoryEntry | undefined;
  readonly cursor: Cursor;
  /** Undefined where all is taken already, and only selectors that never matched still want to know. */
  readonly builder: DirectoryBuilder | undefined;
  /** The selectors that may match in here. */
  readonly asked: readonly number[];
  /** Characters of the directory's path, with the `/` behind it. */
  readonly length: number;
  isHolding: boolean;
}

/**
 * What any of the selectors matches. A directory that matches is taken whole; it is read only for selectors that have not matched yet
 * and may do so there.
 *
 * @throws integrity with the path; bad_input for a path that is too long for a pattern; unsupported_format, cancelled
 */
export async function selectTree(
  source: NodeSource,
  sink: NodeSink,
  tree: TreeRef,
  selectors: readonly Selector[],
  options: Cancellable = {},
): Promise<Selection> {
  const matched = selectors.map(() => false);
  const above: Uint8Array[] = [];
  // One text for all levels: with one each, memory would grow with the square of the depth.
  let text = '';
  const open: Frame[] = [];
  const enter = async (
    entry: DirectoryEntry | undefined,
    asked: readonly number[],
    builder: DirectoryBuilder | undefined,
  ) => {
    if (entry !== undefined) {
      above.push(entry.name);
      text += `${textOf(entry.name)}/`;
    }
    const cursor = await Cursor.open(source, entry?.tree ?? tree, options);
    open.push({ entry, cursor, builder, asked, length: text.length, isHolding: false });
  };

  const step = async (frame: Frame): Promise<void> => {
    const { cursor, builder } = frame;
    const item = cursor.item!;
    if (item.kind === 'subtree') return cursor.enter(item);
    cursor.advance();
    if (above.length >= MAX_DEPTH) deeper(above, item.name);
    text = text.slice(0, frame.length);
    const path = text + textOf(item.name);
    if (path.length > MAX_TEXT) refuse(above);
    const isDirectory = item.kind === 'directory';
    let isTaken = builder === undefined;
    const next: number[] = [];
    for (const at of frame.asked) {
      // What is taken already is only looked at for those that never matched.
      if (builder === undefined && matched[at]) continue;
      const answer = selectors[at]!(path, isDirectory);
      if (answer === 'all') isTaken = matched[at] = true;
      else if (answer === 'enter' && isDirectory) next.push(at);
    }
    if (isTaken && builder !== undefined) {
      builder.add(item);
      frame.isHolding = true;
    }
    if (!isDirectory) return;
    const asked = isTaken ? next.filter((at) => !matched[at]) : next;
    if (asked.length > 0) await enter(item, asked, isTaken ? undefined : new DirectoryBuilder(sink));
  };

  const run = async (): Promise<TreeRef> => {
    await enter(
      undefined,
      selectors.map((_, at) => at),
      new DirectoryBuilder(sink),
    );
    for (;;) {
      const frame = open.at(-1)!;
      const isDone = frame.builder === undefined && frame.asked.every((at) => matched[at]);
      if (frame.cursor.item !== undefined && !isDone) {
        await step(frame);
        continue;
      }
      open.pop();
      above.pop();
      const parent = open.at(-1);
      const selected = frame.builder?.finish();
      if (parent === undefined || frame.entry === undefined) return selected!;
      if (frame.isHolding && selected !== undefined) {
        parent.builder!.add({ ...frame.entry, tree: selected });
        parent.isHolding = true;
      }
    }
  };

  try {
    return { tree: await run(), matched };
  } catch (error) {
    throw above.length > 0 ? withPath(error, above) : error;
  }
}

function textOf(name: Uint8Array): string {
  return asBuffer(name).toString('utf8');
}

function refuse(above: readonly Uint8Array[]): never {
  throw new StrataError('bad_input', `a path below ${pathText(above)} is too long for a pattern`, {
    hint: 'Exclude it, or save the directory that it is in by itself.',
  });
}
