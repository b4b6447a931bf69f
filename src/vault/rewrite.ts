/** What is needed of sparse or small packs is written into new ones. */

import { isStrataError, toHex } from '../base/index.ts';
import { BlockFetcher, BlockOpener } from './blocks.ts';
import type { BlockPlace, ChunkIndex, TenantIndex } from './chunk-index.ts';
import { emptyIndex } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import type { MarkOptions, Marks } from './marks.ts';
import { PACK_TYPES } from './names.ts';
import type { IntentId } from './names.ts';
import type { VaultWorld } from './world.ts';
import { VaultWriter } from './writer.ts';
import type { Written } from './writer.ts';

export interface Rewritten {
  readonly written: Written;
  /** Ids in hex of packs that could not be read to their end: they stay. */
  readonly unreadable: ReadonlySet<string>;
}

/** What is written is named by the intent, and not in force. @param packs ids in hex */
export async function rewritePacks(
  { store, random }: VaultWorld,
  keyring: Keyring,
  intent: IntentId,
  { index, marks, packs }: { index: TenantIndex; marks: Marks; packs: ReadonlySet<string> },
  options: MarkOptions,
): Promise<Rewritten> {
  const { signal } = options;
  // An empty index: everything is written, whatever is stored already.
  const writer = new VaultWriter({ store, keyring, random, index: emptyIndex(), intent, signal });
  const fetcher = new BlockFetcher(store, keyring.tenant, options);
  const opener = new BlockOpener(keyring.tenant, keyring.find);
  const unreadable = new Set<string>();
  let read = { objects: 0, bytes: 0 };
  try {
    for (const type of PACK_TYPES) {
      for (const { block, rows } of liveBlocks(index[type], marks[type], packs)) {
        const pack = toHex(block.pack);
        if (unreadable.has(pack)) continue;
        try {
          using opened = opener.open(await fetcher.fetch([block]), 0);
          for (const row of rows) {
            const bytes = opened.chunk(
              index[type].idAt(row),
              index[type].offsetAt(row),
              index[type].lengthAt(row),
            );
            if (type === 'data') writer.chunk(bytes);
            else writer.node(bytes);
          }
        } catch (error) {
          if (!isStrataError(error, 'integrity')) throw error;
          unreadable.add(pack);
        }
        read = { objects: read.objects + 1, bytes: read.bytes + block.frameLength };
        options.onProgress?.(read);
        await writer.drain();
      }
    }
    return { written: await writer.finish(), unreadable };
  } catch (error) {
    await writer.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** The blocks of those packs that have something that is needed, with its rows. */
function* liveBlocks(
  index: ChunkIndex,
  marks: Uint8Array,
  packs: ReadonlySet<string>,
): Generator<{ readonly block: BlockPlace; readonly rows: readonly number[] }, void> {
  for (const { block, first, end } of index.blocks()) {
    if (!packs.has(toHex(block.pack))) continue;
    const rows: number[] = [];
    for (let row = first; row < end; row++) if (marks[row] === 1) rows.push(row);
    if (rows.length > 0) yield { block, rows };
  }
}
