/** A stored object taken apart with its keys, and sealed again with other words in it: what only somebody with the keys can do. */

import { concatBytes } from '../../../base/index.ts';
import { HEADER_BYTES, ObjectOpener, ObjectSealer } from '../../../chunk/index.ts';
import type { ObjectIdentity, Sealed, SealingKey } from '../../../chunk/index.ts';
import { framePlaces, openBytes, sealTrailer } from '../../../vault/sealed-object.ts';
import type { FindKey } from '../../../vault/sealed-object.ts';
import { noise } from '../../noise.ts';
import type { Chance } from '../chance.ts';

export interface Opened {
  readonly frames: readonly Uint8Array[];
  /** Undefined: an object of one frame. */
  readonly trailer: Uint8Array | undefined;
}

export async function takeApart(
  identity: ObjectIdentity,
  bytes: Uint8Array,
  findKey: FindKey,
): Promise<Opened> {
  if (!['data', 'tree', 'index'].includes(identity.type)) {
    const opener = ObjectOpener.open(bytes.subarray(0, HEADER_BYTES), identity, findKey);
    return { frames: [opener.frame(0, bytes.subarray(HEADER_BYTES))], trailer: undefined };
  }
  const object = await openBytes(identity, bytes, findKey);
  const places = framePlaces(identity, bytes, object.trailerAt);
  const frames = places.map(({ offset, length }, number) =>
    object.opener.frame(number, bytes.subarray(offset, offset + length)),
  );
  return { frames, trailer: object.trailer.slice() };
}

export function sealAgain(
  identity: ObjectIdentity,
  key: SealingKey,
  { frames, trailer }: Opened,
  chance: Chance,
): Sealed {
  const sealer = new ObjectSealer(key, identity, (count) => noise(`salt ${chance.below(2 ** 32)}`, count));
  const front = concatBytes([sealer.header, ...frames.map((frame, number) => sealer.frame(number, frame))]);
  if (trailer === undefined) return front as Sealed;
  return concatBytes([front, ...sealTrailer(sealer, identity, front.length, trailer)]) as Sealed;
}
