/** Writing and reading of whole sealed objects: those of one frame, and those of many with a trailer. */

import {
  ByteReader,
  ByteWriter,
  StrataError,
  concatBytes,
  equalBytes,
  isStrataError,
  sha256,
  utf8,
} from '../base/index.ts';
import type { Cancellable, Random } from '../base/index.ts';
import {
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  MAX_FRAME_PLAIN,
  ObjectOpener,
  ObjectSealer,
  damaged,
  frameShape,
  objectId,
} from '../chunk/index.ts';
import type { ObjectIdentity, Sealed, SealingKey } from '../chunk/index.ts';
import type { GetOptions, Store } from '../store/index.ts';

export type FindKey = (id: Uint8Array) => SealingKey | undefined;

/** The number of the trailer frame: no frame before it can have it. */
const TRAILER = 0xffffffff;
export const FOOTER_BYTES = 16;
const FOOTER_SUM_BYTES = 8;

/** Bytes of an object of one frame, its tag included. */
const MAX_RECORD_BYTES = HEADER_BYTES + FRAME_HEADER_BYTES + MAX_FRAME_PLAIN + 16;

/** Seals `plain` as the only frame of a new object. */
export async function putRecord(
  store: Store,
  key: SealingKey,
  identity: ObjectIdentity,
  plain: Uint8Array,
  random: Random,
  options?: Cancellable,
): Promise<'created' | 'exists'> {
  const sealer = new ObjectSealer(key, identity, random);
  return store.put(identity.name, [sealer.header, sealer.frame(0, plain)], options);
}

/** What the only frame of an object says. @throws integrity if it is missing or damaged; wrong_key, unsupported_format */
export async function getRecord<Value>(
  store: Store,
  identity: ObjectIdentity,
  findKey: FindKey,
  decode: (plain: Uint8Array) => Value,
  options?: Cancellable,
): Promise<Value> {
  const bytes = await getObject(store, identity, { ...options, most: MAX_RECORD_BYTES });
  const opener = ObjectOpener.open(bytes.subarray(0, HEADER_BYTES), identity, findKey);
  return naming(identity, () => decode(opener.frame(0, bytes.subarray(HEADER_BYTES))));
}

/** An object, or a range of it. @throws integrity if it is missing, or ends before the range does */
export async function getObject(
  store: Store,
  identity: ObjectIdentity,
  options?: GetOptions,
): Promise<Uint8Array> {
  try {
    return await store.get(identity.name, options);
  } catch (error) {
    throw isStrataError(error, 'not_found') ? missing(identity) : error;
  }
}

/** The last two parts of an object of many frames. */
export function sealTrailer(
  sealer: ObjectSealer,
  identity: ObjectIdentity,
  offset: number,
  plain: Uint8Array,
): readonly [trailer: Sealed, footer: Sealed] {
  const trailer = sealer.frame(TRAILER, plain);
  const place = new ByteWriter().u32(offset).u32(trailer.length).finish();
  return [trailer, concatBytes([place, footerSum(identity, place)]) as Sealed];
}

/** An object of many frames, opened: its frames are fetched when they are asked for. */
export interface FramedObject {
  /** Bytes of the whole object. */
  readonly size: number;
  /** The plain trailer. */
  readonly trailer: Uint8Array;
  /** Where the trailer starts: frames 0, 1, 2 … fill what lies between the header and here. */
  readonly trailerAt: number;
  readonly opener: ObjectOpener;
}

/** Reads `length` bytes of an object from `offset`. */
export type ReadRange = (offset: number, length: number) => Uint8Array | Promise<Uint8Array>;

/** Opens an object of many frames in the store by three small ranges. @throws integrity if it is missing or damaged */
export async function openStored(
  store: Store,
  identity: ObjectIdentity,
  findKey: FindKey,
  options: Cancellable = {},
): Promise<FramedObject> {
  const size = await store.size(identity.name, options);
  if (size === undefined) throw missing(identity);
  const read: ReadRange = (offset, length) =>
    getObject(store, identity, { ...options, range: { offset, length } });
  return openByRange(identity, size, read, findKey);
}

/** Opens one whose bytes are all here. */
export function openBytes(
  identity: ObjectIdentity,
  bytes: Uint8Array,
  findKey: FindKey,
): Promise<FramedObject> {
  return openByRange(
    identity,
    bytes.length,
    (offset, length) => bytes.subarray(offset, offset + length),
    findKey,
  );
}

/** Opens one that `read` gives ranges of. @param size bytes of the whole */
export async function openByRange(
  identity: ObjectIdentity,
  size: number,
  read: ReadRange,
  findKey: FindKey,
): Promise<FramedObject> {
  if (size < HEADER_BYTES + FRAME_HEADER_BYTES + FOOTER_BYTES) throw damaged(identity, 'it is too short');
  const opener = ObjectOpener.open(await read(0, HEADER_BYTES), identity, findKey);
  const footer = await read(size - FOOTER_BYTES, FOOTER_BYTES);
  const { offset, length } = readFooter(identity, footer, size);
  const frame = await read(offset, length);
  return { size, opener, trailerAt: offset, trailer: naming(identity, () => opener.frame(TRAILER, frame)) };
}

/** One frame of `bytes`, the whole object: where it starts and how long it is. */
export interface FramePlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where the frames before the trailer lie, read from their heads.
 *
 * @param most no more are looked for: what the trailer says of them, if it does
 * @throws integrity if they do not fill the space exactly
 */
export function framePlaces(
  identity: ObjectIdentity,
  bytes: Uint8Array,
  trailerAt: number,
  most = Number.POSITIVE_INFINITY,
): FramePlace[] {
  return naming(identity, () => {
    const places: FramePlace[] = [];
    let offset = HEADER_BYTES;
    while (offset < trailerAt && places.length < most) {
      const length = frameShape(bytes.subarray(offset, offset + FRAME_HEADER_BYTES)).frameLength;
      places.push({ offset, length });
      offset += length;
    }
    if (offset !== trailerAt) throw damaged(identity, 'its frames do not end where its trailer starts');
    return places;
  });
}

/** Runs `read`, and lets a bare integrity error say which object it was about. */
export function naming<Value>(identity: ObjectIdentity, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (isStrataError(error, 'integrity') && error.details['object'] === undefined)
      throw damaged(identity, error.message, error);
    throw error;
  }
}

export function missing(identity: ObjectIdentity): StrataError {
  return new StrataError('integrity', `object ${identity.name} is missing from the store`, {
    hint: 'If a part of the store was moved or not mounted, put it back; `strata store verify` lists what is gone.',
    details: { object: identity.name },
  });
}

function readFooter(identity: ObjectIdentity, footer: Uint8Array, size: number): FramePlace {
  const reader = new ByteReader(footer, `the footer of ${identity.name}`);
  const place = footer.subarray(0, FOOTER_BYTES - FOOTER_SUM_BYTES);
  const offset = reader.u32();
  const length = reader.u32();
  if (!equalBytes(reader.bytes(FOOTER_SUM_BYTES), footerSum(identity, place)))
    throw damaged(identity, 'its footer has changed or is cut off');
  if (offset < HEADER_BYTES || offset + length !== size - FOOTER_BYTES)
    throw damaged(identity, 'its footer does not fit its size');
  // Before memory is taken for it: who can write to a store can make such a footer.
  if (length > MAX_FRAME_BYTES) throw damaged(identity, 'its trailer is impossibly long');
  return { offset, length };
}

function footerSum(identity: ObjectIdentity, place: Uint8Array): Uint8Array {
  return sha256(concatBytes([utf8('strata footer v1'), objectId(identity.name), place])).subarray(
    0,
    FOOTER_SUM_BYTES,
  );
}
