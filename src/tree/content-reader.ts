/** Reading the extents of a file, wherever they are kept. */

import { StrataError, throwIfAborted, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { FileEntry } from './entry.ts';
import { EXTENT_BYTES, checkExtents, endsInHole, startsInHole } from './extent.ts';
import { decodeExtents } from './extent-node.ts';
import type { ExtentList } from './extent-node.ts';
import { INLINE_EXTENTS } from './limits.ts';
import type { NodeSource } from './node.ts';

/**
 * The packed extents of a file in order, a page at a time; nothing for an empty file. Each page is checked before it is given
 * away, and so is that they add up to the size.
 *
 * @throws integrity, unsupported_format, cancelled
 */
export async function* extentPages(
  source: NodeSource,
  file: Pick<FileEntry, 'size' | 'content'>,
  options: Cancellable = {},
): AsyncGenerator<Uint8Array, void> {
  const { content, size } = file;
  if (content.form === 'listed') yield* listedPages(source, { node: content.list, bytes: size }, options);
  else if (size > 0 || content.extents.length > 0) yield ownExtents(size, content.extents);
}

/**
 * The packed extents that a file's entry has itself, checked.
 *
 * @throws integrity
 */
export function ownExtents(size: number, extents: Uint8Array): Uint8Array {
  const fail = (reason: string): never => {
    throw new StrataError('integrity', `a file entry is damaged: ${reason}`);
  };
  if (checkExtents(extents, fail) !== size) fail('its extents do not add up to its size');
  return extents;
}

async function* listedPages(
  source: NodeSource,
  top: ExtentList,
  { signal }: Cancellable,
): AsyncGenerator<Uint8Array, void> {
  let afterHole = false;
  /** What is still to be read, the next one last. The level of the top is not known before it is read. */
  const waiting: { list: ExtentList; level: number | undefined }[] = [{ list: top, level: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { list, level } = next;
    const fail = (reason: string): never => {
      throw new StrataError('integrity', `tree node ${toHex(list.node)} is damaged: ${reason}`);
    };
    throwIfAborted(signal);
    const node = decodeExtents(list.node, await source.node(list.node));
    if (node.bytes !== list.bytes) fail('its extents do not add up to the size that they should');
    if (level !== undefined && node.level !== level) fail('it is not of the level that its index says');
    if (node.kind === 'index') {
      if (level === undefined && node.items.length < 2) fail('an index stands over a single node');
      const below = node.level - 1;
      waiting.push(...node.items.map((item) => ({ list: item, level: below })).reverse());
    } else {
      if (level === undefined && node.extents.length <= INLINE_EXTENTS * EXTENT_BYTES)
        fail('it lists extents that belong into the entry');
      if (afterHole && startsInHole(node.extents)) fail('two holes touch');
      afterHole = endsInHole(node.extents);
      yield node.extents;
    }
  }
}
