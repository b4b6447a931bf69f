import { onTestFinished } from 'vitest';

import { openMemoryStore } from '../store/index.ts';
import { recording } from '../testing/stores.ts';
import type { RecordingStore } from '../testing/stores.ts';
import { TestDatabases, committed, openTestVault, testWorld } from '../testing/vault.ts';
import type { Root } from '../tree/index.ts';
import type { BlockSource, ContentSource } from '../vault/index.ts';
import { scanDirectory } from './scan.ts';

export interface SavedInBlocks {
  readonly store: RecordingStore;
  readonly source: ContentSource;
  readonly blocks: BlockSource;
  readonly root: Root;
}

/** As `save`, but into a vault, whose chunks lie in blocks of packs. @param isFar as if it were beyond a network */
export async function saveInBlocks(directory: string, isFar = false): Promise<SavedInBlocks> {
  const databases = new TestDatabases();
  onTestFinished(() => databases[Symbol.asyncDispose]());
  const store = recording({ ...openMemoryStore(), isFar });
  const world = testWorld(await databases.open(), store);
  const tenant = await (await openTestVault(world)).tenant('default');
  const { root } = await committed(world, tenant, (save) => scanDirectory(directory, save.writer));
  const source = await tenant.reader();
  return { store, source, blocks: source.blocks, root };
}

/** A source whose blocks are fetched by something else. */
export function fetchedBy(
  saved: Pick<SavedInBlocks, 'source' | 'blocks'>,
  fetch: BlockSource['fetch'],
): ContentSource {
  const { source, blocks } = saved;
  return {
    node: (id) => source.node(id),
    chunk: (id) => source.chunk(id),
    blocks: { locate: (id) => blocks.locate(id), share: blocks.share, isFar: blocks.isFar, fetch },
  };
}
