/** Index segments: the tables of the packs that one save wrote, as one stored object. */

import { ByteReader, ByteWriter, StrataError, concatBytes, release } from '../base/index.ts';
import type { Cancellable, Random } from '../base/index.ts';
import { ID_BYTES, MAX_FRAME_PLAIN, ObjectSealer } from '../chunk/index.ts';
import type { ObjectIdentity, Sealed } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import type { Keyring } from './keyring.ts';
import { segmentIdentity } from './names.ts';
import type { SegmentId } from './names.ts';
import { framePlaces, getObject, naming, openBytes, sealTrailer } from './sealed-object.ts';
import { checkTable, encodedTable, tableOf } from './table.ts';
import type { EncodedTable, PackTable } from './table.ts';

/** Plain bytes at which a frame is closed; one table more always fits. */
const FRAME_BYTES = MAX_FRAME_PLAIN / 2;

/** Its footer has no larger offsets. */
export const MAX_SEGMENT_BYTES = 0xffff_ffff;

/** @typeParam Table in which form it has the tables */
export interface Segment<Table = PackTable> {
  readonly tables: readonly Table[];
  /** The segments that this one stands for. */
  readonly replaces: readonly SegmentId[];
}

/**
 * Stores a segment, one frame in memory at a time.
 *
 * @returns how many bytes were stored
 */
export async function putSegment(
  store: Store,
  keyring: Keyring,
  id: SegmentId,
  { tables, replaces }: Segment<PackTable | EncodedTable>,
  random: Random,
  options: Cancellable = {},
): Promise<number> {
  const identity = segmentIdentity(keyring.tenant, id);
  const sealer = new ObjectSealer(keyring.seal('index'), identity, random);
  let size = 0;
  function* body(): Generator<Sealed, void> {
    let count = 0;
    yield sealer.header;
    size += sealer.header.length;
    for (const plain of frames(tables)) {
      const parts = sealer.frameParts(count++, plain);
      // A million chunks are 36 MB, twice.
      release(plain);
      for (const part of parts) {
        size += part.length;
        yield part;
        release(part);
      }
    }
    const trailer = new ByteWriter().u32(count).u32(tables.length).u32(replaces.length);
    for (const replaced of replaces) trailer.bytes(replaced);
    for (const part of sealTrailer(sealer, identity, size, trailer.finish())) {
      size += part.length;
      yield part;
    }
  }
  if ((await store.put(identity.name, body(), options)) === 'exists')
    throw new StrataError('internal', `index segment ${identity.name} exists already`);
  return size;
}

/** A segment with its tables as objects: for single ones. @throws integrity if it is missing or damaged */
export async function getSegment(
  store: Store,
  keyring: Keyring,
  id: SegmentId,
  options: Cancellable = {},
): Promise<Segment> {
  const { tables, replaces } = await getEncodedSegment(store, keyring, id, options);
  return { tables: tables.map(tableOf), replaces };
}

/** @throws integrity if it is missing or damaged */
export async function getEncodedSegment(
  store: Store,
  keyring: Keyring,
  id: SegmentId,
  options: Cancellable = {},
): Promise<Segment<EncodedTable>> {
  const identity = segmentIdentity(keyring.tenant, id);
  return readSegment(
    identity,
    await getObject(store, identity, { ...options, most: MAX_SEGMENT_BYTES }),
    keyring,
  );
}

/** @param bytes the whole object */
export async function readSegment(
  identity: ObjectIdentity,
  bytes: Uint8Array,
  keyring: Keyring,
): Promise<Segment<EncodedTable>> {
  const object = await openBytes(identity, bytes, keyring.find);
  return naming(identity, () => {
    const trailer = new ByteReader(object.trailer, 'its trailer');
    const frameCount = trailer.u32();
    const packCount = trailer.u32();
    const replaces = Array.from(
      { length: trailer.count(ID_BYTES) },
      () => trailer.bytes(ID_BYTES).slice() as SegmentId,
    );
    trailer.end();
    const places = framePlaces(identity, bytes, object.trailerAt, frameCount);
    if (places.length !== frameCount) trailer.fail('it counts other frames than there are');
    const tables: EncodedTable[] = [];
    for (const [number, { offset, length }] of places.entries()) {
      const plain = object.opener.frame(number, bytes.subarray(offset, offset + length));
      const reader = new ByteReader(plain, `frame ${number}`);
      for (let left = reader.u32(); left > 0; left--) tables.push(checkTable(reader));
      reader.end();
    }
    if (tables.length !== packCount) trailer.fail('it counts other packs than there are');
    return { tables, replaces };
  });
}

/** `u32 packs · tables` each, split so that no frame grows past its limit. */
function* frames(tables: readonly (PackTable | EncodedTable)[]): Generator<Uint8Array, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const close = () => {
    const frame = concatBytes([new ByteWriter().u32(parts.length).finish(), ...parts]);
    parts = [];
    length = 0;
    return frame;
  };
  for (const table of tables) {
    const { bytes } = 'bytes' in table ? table : encodedTable(table);
    parts.push(bytes);
    length += bytes.length;
    if (length >= FRAME_BYTES) yield close();
  }
  if (parts.length > 0) yield close();
}
