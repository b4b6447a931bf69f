/**
 * Sealed objects: the envelope of docs/design.md 3.3.
 *
 * Each object has a key of its own, derived from a random salt, so no nonce is ever used twice with one key, and a commitment
 * to that key in the open, so that no ciphertext opens under two keys.
 */

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

import { ByteReader, ByteWriter, StrataError, concatBytes, equalBytes, utf8 } from '../base/index.ts';
import type { Branded, Random } from '../base/index.ts';
import { CODECS, compress, decompress } from './compress.ts';
import type { Codec } from './compress.ts';
import { sha256 } from './hash.ts';

/** Bytes as they are stored: useless without a key. */
export type Sealed = Branded<Uint8Array, 'sealed'>;

/** The codes of object types in the header; part of the format. */
export const OBJECT_TYPES = { data: 1, tree: 2, index: 3, head: 4, intent: 5, owner: 6, keys: 7 } as const;

export type ObjectType = keyof typeof OBJECT_TYPES;

/** A key that seals objects, with the id by which headers name it. */
export interface SealingKey {
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

/** Which object it is; a reader derives this from the name that it asked for, never from what came back. */
export interface ObjectIdentity {
  readonly type: ObjectType;
  /** The tenant's id, 16 bytes; 16 zero bytes for what belongs to the store. */
  readonly tenant: Uint8Array;
  /** The name in the store. */
  readonly name: string;
}

/** Bytes of a header. */
export const HEADER_BYTES = 128;
/** Bytes in front of the sealed bytes of a frame. */
export const FRAME_HEADER_BYTES = 12;
/** The longest plain content of a frame. Bounds every allocation that a stored length asks for. */
export const MAX_FRAME_PLAIN = 16 * 1024 * 1024;
/** Bytes of tenant, key and object ids. */
export const ID_BYTES = 16;

const MAGIC = Uint8Array.of(0x53, 0x54, 0x52, 0x41, 0x54, 0x41, 0x0d, 0x0a);
const VERSION = 1;
const SALT_BYTES = 32;
const COMMITMENT_BYTES = 32;
const SUM_AT = 112;
const KEY_BYTES = 32;
const TAG_BYTES = 16;

export function keyId(secret: Uint8Array): Uint8Array {
  return derive(secret, 'strata key id v1', ID_BYTES);
}

/** HKDF-SHA-256 without a salt. */
export function derive(secret: Uint8Array, info: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, length));
}

export function objectId(name: string): Uint8Array {
  return sha256(utf8(`strata name v1${name}`)).subarray(0, ID_BYTES);
}

interface ObjectKey {
  readonly secret: Uint8Array;
  readonly commitment: Uint8Array;
}

function objectKey(key: SealingKey, salt: Uint8Array, identity: ObjectIdentity): ObjectKey {
  const info = concatBytes([
    utf8('strata object v1'),
    Uint8Array.of(OBJECT_TYPES[identity.type]),
    identity.tenant,
    objectId(identity.name),
  ]);
  const bytes = new Uint8Array(hkdfSync('sha256', key.secret, salt, info, KEY_BYTES + COMMITMENT_BYTES));
  return { secret: bytes.subarray(0, KEY_BYTES), commitment: bytes.subarray(KEY_BYTES) };
}

/** Seals the frames of one new object. */
export class ObjectSealer {
  readonly header: Sealed;
  readonly #secret: Uint8Array;
  readonly #additional: Uint8Array;

  constructor(key: SealingKey, identity: ObjectIdentity, random: Random) {
    const salt = random(SALT_BYTES);
    const { secret, commitment } = objectKey(key, salt, identity);
    const front = new ByteWriter()
      .bytes(MAGIC)
      .u8(VERSION)
      .u8(OBJECT_TYPES[identity.type])
      .bytes(new Uint8Array(6))
      .bytes(key.id)
      .bytes(objectId(identity.name))
      .bytes(salt)
      .bytes(commitment)
      .finish();
    this.header = concatBytes([front, headerSum(front)]) as Sealed;
    this.#secret = secret;
    this.#additional = concatBytes([this.header, identity.tenant]);
  }

  /**
   * Compresses and seals one frame, and opens it again before it is given away: a bit that flips in our own memory
   * must not become a block that nobody can read.
   *
   * @param number each number once per object
   */
  frame(number: number, plain: Uint8Array): Sealed {
    if (plain.length > MAX_FRAME_PLAIN) throw new StrataError('internal', 'a frame is too long');
    const { codec, bytes } = compress(plain);
    const head = new ByteWriter()
      .u8(CODECS[codec])
      .bytes(new Uint8Array(3))
      .u32(plain.length)
      .u32(bytes.length + TAG_BYTES)
      .finish();
    const cipher = createCipheriv('aes-256-gcm', this.#secret, nonce(number), { authTagLength: TAG_BYTES });
    cipher.setAAD(additional(this.#additional, number, head));
    const sealed = concatBytes([head, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]) as Sealed;
    const opened = openFrame(this.#secret, this.#additional, number, sealed);
    if (!equalBytes(opened, plain))
      throw new StrataError('internal', 'a sealed frame does not open to what was sealed');
    return sealed;
  }
}

/** Opens the frames of one stored object. */
export class ObjectOpener {
  readonly #secret: Uint8Array;
  readonly #additional: Uint8Array;

  private constructor(secret: Uint8Array, additionalData: Uint8Array) {
    this.#secret = secret;
    this.#additional = additionalData;
  }

  /**
   * @param header the first 128 bytes of what is stored under the identity's name
   * @param findKey looks a key up by the id that the header gives
   * @throws integrity, unsupported_format, wrong_key
   */
  static open(
    header: Uint8Array,
    identity: ObjectIdentity,
    findKey: (id: Uint8Array) => SealingKey | undefined,
  ): ObjectOpener {
    const damaged = (reason: string) =>
      new StrataError('integrity', `object ${identity.name} is damaged: ${reason}`, {
        details: { object: identity.name },
      });
    if (header.length !== HEADER_BYTES) throw damaged('it is shorter than its header');
    const reader = new ByteReader(header, `header of ${identity.name}`);
    const magic = reader.bytes(MAGIC.length);
    const version = reader.u8();
    const type = reader.u8();
    const reserved = reader.bytes(6);
    const key = reader.bytes(ID_BYTES);
    const id = reader.bytes(ID_BYTES);
    const salt = reader.bytes(SALT_BYTES);
    const commitment = reader.bytes(COMMITMENT_BYTES);
    const sum = reader.bytes(ID_BYTES);
    if (!equalBytes(sum, headerSum(header.subarray(0, SUM_AT)))) throw damaged('its header has changed');
    if (!equalBytes(magic, MAGIC) || reserved.some((byte) => byte !== 0))
      throw damaged('it is no stored object');
    if (version !== VERSION) {
      throw new StrataError(
        'unsupported_format',
        `object ${identity.name} has format version ${version}; this program knows version ${VERSION}`,
        {
          hint: 'Use the newer version of Strata that wrote it.',
        },
      );
    }
    if (type !== OBJECT_TYPES[identity.type] || !equalBytes(id, objectId(identity.name)))
      throw damaged('it is not the object that its name says');
    const sealingKey = findKey(key);
    if (sealingKey === undefined) {
      throw new StrataError('wrong_key', `object ${identity.name} is sealed with another key`, {
        hint: 'Give the root key of this store: its key file, passphrase or recovery key.',
        details: { object: identity.name },
      });
    }
    const own = objectKey(sealingKey, salt, identity);
    if (!equalBytes(commitment, own.commitment)) throw damaged('its key commitment does not match');
    return new ObjectOpener(own.secret, concatBytes([header, identity.tenant]));
  }

  /**
   * @param bytes one whole frame, its header included
   * @throws integrity
   */
  frame(number: number, bytes: Uint8Array): Uint8Array {
    return openFrame(this.#secret, this.#additional, number, bytes);
  }
}

/** What the head of a frame says of it. */
export interface FrameShape {
  readonly codec: Codec;
  readonly plainLength: number;
  /** With its head. Bytes. */
  readonly frameLength: number;
}

/** Reads the first 12 bytes of a frame. @throws integrity */
export function frameShape(bytes: Uint8Array): FrameShape {
  const reader = new ByteReader(bytes, 'a frame');
  const code = reader.u8();
  const codec =
    code === CODECS.stored ? 'stored' : code === CODECS.zstd ? 'zstd' : reader.fail('its codec is unknown');
  if (reader.bytes(3).some((byte) => byte !== 0)) reader.fail('its reserved bytes are set');
  const plainLength = reader.u32();
  const sealedLength = reader.u32();
  // zstd adds a little to what it cannot shrink, and such blocks are stored; so a sealed frame is never much longer.
  if (plainLength > MAX_FRAME_PLAIN || sealedLength < TAG_BYTES || sealedLength > plainLength + TAG_BYTES)
    reader.fail('its lengths are impossible');
  return { codec, plainLength, frameLength: FRAME_HEADER_BYTES + sealedLength };
}

function openFrame(
  secret: Uint8Array,
  additionalData: Uint8Array,
  number: number,
  frame: Uint8Array,
): Uint8Array {
  const shape = frameShape(frame);
  if (shape.frameLength !== frame.length)
    throw new StrataError('integrity', 'a frame does not have the length that it says');
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce(number), { authTagLength: TAG_BYTES });
  decipher.setAAD(additional(additionalData, number, frame.subarray(0, FRAME_HEADER_BYTES)));
  decipher.setAuthTag(frame.subarray(frame.length - TAG_BYTES));
  const bytes = decipher.update(frame.subarray(FRAME_HEADER_BYTES, frame.length - TAG_BYTES));
  try {
    decipher.final();
  } catch (error) {
    throw new StrataError('integrity', 'a frame is damaged: its seal is broken', { cause: error });
  }
  return decompress(shape.codec, bytes, shape.plainLength);
}

function headerSum(front: Uint8Array): Uint8Array {
  return sha256(front).subarray(0, ID_BYTES);
}

function nonce(number: number): Uint8Array {
  return new ByteWriter().u32(number).bytes(new Uint8Array(8)).finish();
}

function additional(fixed: Uint8Array, number: number, head: Uint8Array): Uint8Array {
  return concatBytes([fixed, new ByteWriter().u32(number).finish(), head]);
}
