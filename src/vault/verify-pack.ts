/** Verification of one pack: its table, and with `readData` every block and every chunk. */

import { equalBytes, giveWay } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { ObjectIdentity } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { openBlock } from './blocks.ts';
import type { OpenBlock } from './blocks.ts';
import type { Findings } from './findings.ts';
import type { Keyring } from './keyring.ts';
import { packIdentity } from './names.ts';
import type { PackId, PackType } from './names.ts';
import { damaged } from '../chunk/index.ts';
import { getObject, openBytes, openStored } from './sealed-object.ts';
import type { FramedObject } from './sealed-object.ts';
import { MAX_PACK_BYTES, blocksOf, checkOnlyTable, tableOf } from './table.ts';
import type { BlockRow, EncodedTable, PackTable } from './table.ts';

export interface PackName {
  readonly kind: PackType;
  readonly pack: PackId;
}

/** The table of a pack, by three small reads. @throws integrity */
export async function readEncodedTable(
  store: Store,
  keyring: Keyring,
  name: PackName,
  options?: Cancellable,
): Promise<EncodedTable> {
  const identity = packIdentity(keyring.tenant, name.kind, name.pack);
  return checkTrailer(await openStored(store, identity, keyring.find, options), identity, name);
}

/** The same as objects. @throws integrity */
export async function readTable(
  store: Store,
  keyring: Keyring,
  name: PackName,
  options?: Cancellable,
): Promise<PackTable> {
  return tableOf(await readEncodedTable(store, keyring, name, options));
}

/**
 * @returns its table; blocks that are damaged are noted in `findings` with their chunks
 * @throws integrity if not even the table can be trusted
 */
export async function checkPack(
  store: Store,
  keyring: Keyring,
  name: PackName,
  findings: Findings,
  options: Cancellable & { readonly readData?: boolean | undefined },
): Promise<EncodedTable> {
  if (options.readData !== true) return readEncodedTable(store, keyring, name, options);
  const identity = packIdentity(keyring.tenant, name.kind, name.pack);
  const bytes = await getObject(store, identity, { signal: options.signal, most: MAX_PACK_BYTES });
  const object = await openBytes(identity, bytes, keyring.find);
  const table = checkTrailer(object, identity, name);
  for (const [number, block] of tableOf(table).blocks.entries()) {
    await giveWay(options.signal);
    const { plainLength, offset, frameLength } = block;
    try {
      using open = openBlock(
        object.opener,
        identity,
        { number, plainLength },
        bytes.subarray(offset, offset + frameLength),
      );
      checkChunks(open, block);
    } catch (error) {
      const problem = findings.addError(identity.name, error);
      for (const chunk of block.chunks) findings.spoil(chunk.id, problem);
    }
  }
  return table;
}

function checkTrailer(object: FramedObject, identity: ObjectIdentity, name: PackName): EncodedTable {
  const table = checkOnlyTable(object.trailer, `the table of ${identity.name}`);
  if (table.type !== name.kind || !equalBytes(table.pack, name.pack))
    throw damaged(identity, 'its table belongs to another pack');
  let end = 0;
  for (const { offset, frameLength } of blocksOf(table)) end = offset + frameLength;
  if (end !== object.trailerAt) throw damaged(identity, 'its table does not fit its size');
  return table;
}

function checkChunks(open: OpenBlock, { chunks }: BlockRow): void {
  let at = 0;
  for (const { id, length } of chunks) {
    open.chunk(id, at, length);
    at += length;
  }
}
