/** Writers over any store, without a database. */

import type { Store } from '../store/index.ts';
import { noise, pinnedRandom } from '../testing/noise.ts';
import { ChunkIndex } from './chunk-index.ts';
import { Keyring } from './keyring.ts';
import type { IntentId, TenantId } from './names.ts';
import { getSegment } from './segment.ts';
import { VaultWriter } from './writer.ts';
import type { Written } from './writer.ts';

export const keyringOf = (seed: string) =>
  new Keyring({
    tenant: noise(`tenant ${seed}`, 16) as TenantId,
    number: 1,
    name: seed,
    cutKey: noise(`cut ${seed}`, 32),
    versions: [{ version: 1, secret: noise(`secret ${seed}`, 32), created: 0 }],
  });

export const KEYRING = keyringOf('one');
export const emptyIndex = () => ({ data: new ChunkIndex(), tree: new ChunkIndex() });

export function writerOver(
  store: Store,
  name = 'intent',
  index = emptyIndex(),
  signal?: AbortSignal,
): VaultWriter {
  const intent = noise(name, 16) as IntentId;
  return new VaultWriter({ store, keyring: KEYRING, index, intent, random: pinnedRandom(name), signal });
}

/** An index of what was written, as the next save reads it from the segment. */
export async function indexOf(store: Store, written: Written, index = emptyIndex()) {
  const { tables } = await getSegment(store, KEYRING, written.segment!.id);
  for (const table of tables) index[table.type].addTable(table);
  return index;
}
