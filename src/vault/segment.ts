/** Index segments: the tables of the packs that one save wrote, as one stored object. */

import { ByteReader, ByteWriter, StrataError } from '../base/index.ts';
import type { Cancellable, Random } from '../base/index.ts';
import { HEADER_BYTES, ID_BYTES, MAX_FRAME_PLAIN, ObjectSealer } from '../chunk/index.ts';
import type { ObjectIdentity, Sealed } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import type { Keyring } from './keyring.ts';
import { segmentIdentity } from './names.ts';
import type { SegmentId } from './names.ts';
import { framePlaces, getObject, naming, openBytes, sealTrailer } from './sealed-object.ts';
import { decodeTable, encodeTable } from './table.ts';
import type { PackTable } from './table.ts';

/** Plain bytes at which a frame is closed; one table more always fits. */
const FRAME_BYTES = MAX_FRAME_PLAIN / 2;

/** Its footer has no larger offsets. */
export const MAX_SEGMENT_BYTES = 0xffff_ffff;

export interface Segment {
  readonly tables: readonly PackTable[];
  /** The segments that this one stands for. */
  readonly replaces: readonly SegmentId[];
}

/** @returns how many bytes were stored */
export async function putSegment(
  store: Store,
  keyring: Keyring,
  id: SegmentId,
  segment: Segment,
  random: Random,
  options: Cancellable = {},
): Promise<number> {
  const identity = segmentIdentity(keyring.tenant, id);
  const sealer = new ObjectSealer(keyring.seal('index'), identity, random);
  const parts: Sealed[] = [sealer.header];
  let size = HEADER_BYTES;
  for (const [number, plain] of frames(segment.tables).entries()) {
    const frame = sealer.frame(number, plain);
    parts.push(frame);
    size += frame.length;
  }
  const trailer = new ByteWriter()
    .u32(parts.length - 1)
    .u32(segment.tables.length)
    .u32(segment.replaces.length);
  for (const replaced of segment.replaces) trailer.bytes(replaced);
  parts.push(...sealTrailer(sealer, identity, size, trailer.finish()));
  if ((await store.put(identity.name, parts, options)) === 'exists')
    throw new StrataError('internal', `index segment ${identity.name} exists already`);
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** @throws integrity if it is missing or damaged */
export async function getSegment(
  store: Store,
  keyring: Keyring,
  id: SegmentId,
  options: Cancellable = {},
): Promise<Segment> {
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
): Promise<Segment> {
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
    const places = framePlaces(identity, bytes, object.trailerAt);
    if (places.length !== frameCount) trailer.fail('it counts other frames than there are');
    const tables: PackTable[] = [];
    for (const [number, { offset, length }] of places.entries()) {
      const plain = object.opener.frame(number, bytes.subarray(offset, offset + length));
      const reader = new ByteReader(plain, `frame ${number}`);
      for (let left = reader.u32(); left > 0; left--) tables.push(decodeTable(reader));
      reader.end();
    }
    if (tables.length !== packCount) trailer.fail('it counts other packs than there are');
    return { tables, replaces };
  });
}

/** `u32 packs · tables` each, split so that no frame grows past its limit. */
function frames(tables: readonly PackTable[]): Uint8Array[] {
  const encoded: Uint8Array[] = [];
  let writer = new ByteWriter();
  let count = 0;
  const close = () => {
    encoded.push(new ByteWriter().u32(count).bytes(writer.finish()).finish());
    writer = new ByteWriter();
    count = 0;
  };
  for (const table of tables) {
    encodeTable(table, writer);
    count++;
    if (writer.length >= FRAME_BYTES) close();
  }
  if (count > 0) close();
  return encoded;
}
