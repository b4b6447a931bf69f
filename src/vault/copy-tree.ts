/**
 * A tree of one vault comes into another one. Keys differ, so blocks are opened and sealed anew; ids are of plain bytes, so nodes and
 * chunks keep theirs, and what the other vault has is not read here.
 *
 * That the other one has a node says nothing of what is below it: of a save that was cut off, or of one that was forgotten and half
 * collected, nodes can be left alone. Only below the top of a tree that is kept whole nothing is looked at.
 */

import { StrataError, isStrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable, Sha256 } from '../base/index.ts';
import { EXTENT_BYTES, extentLength, isHole } from '../tree/index.ts';
import type { TreeRef } from '../tree/index.ts';
import { readChunks } from './block-runs.ts';
import { descend } from './descent.ts';
import { IdTable } from './id-table.ts';
import type { VaultReader } from './reader.ts';
import type { VaultWriter } from './writer.ts';

/** Missing chunks that are looked for before they are fetched together. */
const WINDOW = 64 * 1024;

export interface CopyProgress {
  /** Of the files of the tree: copied by now, or there already. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** Copied. */
  readonly chunks: number;
}

export interface CopyOptions extends Cancellable {
  /** Top of a tree that the target has whole, and keeps meanwhile. */
  readonly whole?: Sha256 | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

export interface CopySides {
  readonly source: VaultReader;
  /** Reads what the target has. */
  readonly target: VaultReader;
  /** Of a save in the target. */
  readonly writer: VaultWriter;
}

/** Of chunks of file data. */
export interface CopiedChunks {
  /** What the files need that were looked at, as often as they do. */
  readonly needed: number;
  /** What the target did not have. */
  readonly sent: number;
}

/**
 * Durable is what was copied when the save has finished.
 *
 * @throws integrity if something is missing or damaged, with `side` in its details: `source` or `target`; what the stores throw
 */
export async function copyTree(
  { source, target, writer }: CopySides,
  tree: TreeRef,
  { whole, onProgress, signal }: CopyOptions = {},
): Promise<CopiedChunks> {
  const totalBytes = tree.summary.bytes;
  const asked = new IdTable();
  let waiting: Sha256[] = [];
  let [bytes, chunks, needed] = [0, 0, 0];
  const report = () => onProgress?.({ bytes, totalBytes, chunks });
  const drain = async () => {
    await writer.drain();
    report();
  };
  const take = (chunk: Uint8Array) => {
    writer.chunk(chunk);
    bytes += chunk.length;
    chunks++;
  };
  const copyWaiting = async () => {
    const ids = waiting;
    waiting = [];
    await naming('source', readChunks(source.blocks, ids, { take, drain, signal }));
  };
  const readTarget = (id: Sha256) => naming('target', target.node(id));
  const read = (id: Sha256) =>
    writer.hasNode(id) && target.hasNode(id) ? readTarget(id) : naming('source', source.node(id));
  const onPassed = (passed: number) => void (bytes += passed);
  const descent = { read, whole, readWhole: readTarget, onPassed, signal };
  for await (const { node, extents } of descend(tree.node, totalBytes, descent)) {
    throwIfAborted(signal);
    writer.node(node);
    for (const packed of extents)
      for (let at = 0; at < packed.length; at += EXTENT_BYTES) {
        const isChunk = !isHole(packed, at);
        if (isChunk) needed++;
        const id = packed.subarray(at, at + EXTENT_BYTES - 8) as Sha256;
        if (isChunk && !writer.has(packed, at) && asked.add(id)) waiting.push(id.slice() as Sha256);
        else bytes += extentLength(packed, at);
      }
    if (waiting.length >= WINDOW) await copyWaiting();
    else await drain();
  }
  await copyWaiting();
  report();
  return { needed, sent: chunks };
}

/** Says where something is damaged. */
async function naming<Value>(side: 'source' | 'target', reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (error) {
    if (!isStrataError(error, 'integrity')) throw error;
    const { message, hint, details } = error;
    throw new StrataError('integrity', message, { hint, details: { ...details, side }, cause: error });
  }
}
