/** What a save takes over of others that were broken off: the tables of their packs, read from the packs themselves. */

import { ahead, counted, formatBytes, giveWay, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable, ErrorCode } from '../base/index.ts';
import { suspectsOf } from './apart.ts';
import type { Keyring } from './keyring.ts';
import { packIdentity } from './names.ts';
import type { SentPack } from './sent-packs.ts';
import type { EncodedTable } from './table.ts';
import { readEncodedTable } from './verify-pack.ts';
import type { VaultWorld } from './world.ts';

/** Packs that are read at a time, by a few small requests each. */
const AT_ONCE = 8;

/** What is wrong with one pack. Else it is the store that does not answer, and each of thousands would be waited for. */
const OF_ONE_PACK: ReadonlySet<ErrorCode> = new Set([
  'integrity',
  'wrong_key',
  'unsupported_format',
  'unreadable',
]);

/**
 * @param claimed by the save that asks
 * @returns those of packs that are whole, as far as one can see without their blocks; the others are passed over
 * @throws what keeps the store from answering; the packs are then there for the next save
 */
export async function tablesOfClaimed(
  { store, database, log }: Pick<VaultWorld, 'store' | 'database' | 'log'>,
  keyring: Keyring,
  claimed: readonly SentPack[],
  options: Cancellable,
): Promise<readonly EncodedTable[]> {
  if (claimed.length === 0) return [];
  const suspects = new Set((await suspectsOf(database.kysely, keyring.tenant)).map(({ id }) => id));
  const tables: EncodedTable[] = [];
  let bytes = 0;
  const passOver = ({ kind, pack }: SentPack, reason: string) =>
    log?.(`pack ${packIdentity(keyring.tenant, kind, pack).name} is not taken over: ${reason}`);
  const read = async (sent: SentPack): Promise<void> => {
    if (suspects.has(toHex(sent.pack))) return passOver(sent, 'it was found not to be whole');
    try {
      await giveWay(options.signal);
      tables.push(await readEncodedTable(store, keyring, sent, options));
      bytes += sent.bytes;
    } catch (error) {
      if (!isStrataError(error) || !OF_ONE_PACK.has(error.code)) throw error;
      passOver(sent, error.message);
    }
  };
  for await (const _ of ahead(claimed, AT_ONCE, read));
  log?.(
    `taken over from saves that were broken off: ${formatBytes(bytes)} in ${counted(tables.length, 'pack')}`,
  );
  return tables;
}
