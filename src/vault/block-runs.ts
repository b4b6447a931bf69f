/** Many chunks out of their blocks: neighbouring blocks in one request, some requests ahead, each block opened once. */

import { ahead, equalBytes, giveWay, toHex } from '../base/index.ts';
import type { Cancellable, Sha256 } from '../base/index.ts';
import { BlockOpener } from './blocks.ts';
import type { BlockPlace, ChunkPlace } from './chunk-index.ts';
import type { BlockSource } from './content.ts';

/** Stored bytes of neighbouring blocks that are fetched together: a request costs a way there and back, so few small ones. */
const RUN_BYTES = 4 * 1024 * 1024;
/** Requests under way at a time, each of a run, or of one block that is larger. */
const AHEAD = 4;

interface WantedChunk extends ChunkPlace {
  readonly id: Sha256;
}

interface WantedBlock {
  readonly place: BlockPlace;
  readonly chunks: WantedChunk[];
}

interface Run {
  readonly blocks: WantedBlock[];
  /** Stored. */
  bytes: number;
}

export interface ReadChunksOptions extends Cancellable {
  /** Is given each chunk, checked against its SHA-256; the bytes are good until the call returns. */
  readonly take: (bytes: Uint8Array) => void;
  /** After each block: holds the reading while too much waits elsewhere. */
  readonly drain: () => Promise<void>;
}

/**
 * Reads chunks in the order of the packs that they are in.
 *
 * @param ids each once
 * @throws integrity with the object if one of them is missing or damaged; what the store throws
 */
export async function readChunks(
  source: BlockSource,
  ids: readonly Sha256[],
  { take, drain, signal }: ReadChunksOptions,
): Promise<void> {
  const opener = BlockOpener.of(source.share);
  const fetch = async ({ blocks }: Run) => ({
    blocks,
    sealed: await source.fetch(blocks.map(({ place }) => place)),
  });
  for await (const { blocks, sealed } of ahead(planRuns(source, ids), AHEAD, fetch)) {
    for (const [at, { chunks }] of blocks.entries()) {
      using block = opener.open(sealed, at);
      for (const { id, offset, length } of chunks) take(block.chunk(id, offset, length));
      await drain();
      await giveWay(signal);
    }
  }
}

/** Packs in the order in which their chunks are first asked for, so that neighbours stay near each other. */
function planRuns(source: BlockSource, ids: readonly Sha256[]): Run[] {
  const packs = new Map<string, Map<BlockPlace, WantedBlock>>();
  for (const id of ids) {
    const place = source.locate(id);
    const key = toHex(place.block.pack);
    const blocks = packs.get(key) ?? new Map<BlockPlace, WantedBlock>();
    packs.set(key, blocks);
    const wanted = blocks.get(place.block) ?? { place: place.block, chunks: [] };
    blocks.set(place.block, wanted);
    wanted.chunks.push({ ...place, id });
  }
  const runs: Run[] = [];
  for (const blocks of packs.values()) {
    const inOrder = [...blocks.values()].sort((a, b) => a.place.offset - b.place.offset);
    for (const block of inOrder) {
      block.chunks.sort((a, b) => a.offset - b.offset);
      const last = runs.at(-1);
      if (last !== undefined && follows(last, block)) {
        last.blocks.push(block);
        last.bytes += block.place.frameLength;
      } else runs.push({ blocks: [block], bytes: block.place.frameLength });
    }
  }
  return runs;
}

function follows({ blocks, bytes }: Run, { place }: WantedBlock): boolean {
  const before = blocks.at(-1)!.place;
  return (
    bytes + place.frameLength <= RUN_BYTES &&
    before.offset + before.frameLength === place.offset &&
    equalBytes(before.pack, place.pack)
  );
}
