/** How much of each pack is needed. */

import { toHex } from '../base/index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { PackId, PackType } from './names.ts';

export interface PackUsage {
  readonly type: PackType;
  readonly pack: PackId;
  /** Sealed bytes of its blocks. */
  readonly stored: number;
  /** The part of them that is needed, as far as one can tell of blocks that are compressed as a whole. */
  readonly live: number;
  readonly chunks: number;
  readonly liveChunks: number;
}

/** Whether anything in it is. */
export function isNeeded({ liveChunks }: PackUsage): boolean {
  return liveChunks > 0;
}

/** @param marks by row of the index: 1 if it is needed */
export function usageOf(index: ChunkIndex, marks: Uint8Array): PackUsage[] {
  const usages = new Map<string, { -readonly [Key in keyof PackUsage]: PackUsage[Key] }>();
  for (const { block, first, end } of index.blocks()) {
    const key = toHex(block.pack);
    let usage = usages.get(key);
    if (usage === undefined) {
      usage = { type: block.type, pack: block.pack, stored: 0, live: 0, chunks: 0, liveChunks: 0 };
      usages.set(key, usage);
    }
    let plain = 0;
    let liveChunks = 0;
    for (let row = first; row < end; row++) {
      if (marks[row] !== 1) continue;
      plain += index.lengthAt(row);
      liveChunks++;
    }
    usage.chunks += end - first;
    usage.liveChunks += liveChunks;
    usage.stored += block.frameLength;
    if (block.plainLength > 0) usage.live += (block.frameLength * plain) / block.plainLength;
  }
  return [...usages.values()];
}

/** Ids in hex of the packs that have any chunk that is marked, also of those that the index does not find it in. */
export function packsWith(index: ChunkIndex, marks: Uint8Array): string[] {
  const packs = new Set<string>();
  for (const { block, first, end } of index.blocks()) {
    for (let row = first; row < end; row++) {
      if (marks[index.rowOf(index.idAt(row), 0)] !== 1) continue;
      packs.add(toHex(block.pack));
      break;
    }
  }
  return [...packs];
}
