/** Frames: the sealed pieces of an object, after its header. docs/design.md 3.3. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import {
  ByteReader,
  ByteWriter,
  StrataError,
  concatBytes,
  equalBytes,
  isStrataError,
  plainBytes,
  release,
} from '../base/index.ts';
import type { Branded } from '../base/index.ts';
import { CODECS, compress, decompress } from './compress.ts';
import type { Codec } from './compress.ts';

/** Bytes as they are stored: useless without a key. */
export type Sealed = Branded<Uint8Array, 'sealed'>;

/** Bytes in front of the sealed bytes of a frame. */
export const FRAME_HEADER_BYTES = 12;
/** The longest plain content of a frame. Bounds every allocation that a stored length asks for. */
export const MAX_FRAME_PLAIN = 16 * 1024 * 1024;

const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
/** The longest frame. */
export const MAX_FRAME_BYTES = FRAME_HEADER_BYTES + MAX_FRAME_PLAIN + TAG_BYTES;

/** What all frames of an object have in common. */
export interface FrameKey {
  /** Prepared once: bytes would be for each frame. */
  readonly secret: KeyObject;
  /** Header and tenant: a frame opens nowhere but in its object. */
  readonly additional: Uint8Array;
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
  // What zstd cannot shrink is stored, so a sealed frame is never longer than what is in it.
  if (plainLength > MAX_FRAME_PLAIN || sealedLength < TAG_BYTES || sealedLength > plainLength + TAG_BYTES)
    reader.fail('its lengths are impossible');
  return { codec, plainLength, frameLength: FRAME_HEADER_BYTES + sealedLength };
}

/**
 * Compresses and seals one frame. What was compressed is opened again before it is given away: a mistake of zstd, or a bit that flips in
 * its memory, must not become a block that nobody can read. Bytes that are stored as they are have had no such step.
 *
 * @returns the parts that make it up, in order: to join them is one more copy of each byte
 * @throws internal if it opens to something else
 */
export function sealFrame(key: FrameKey, number: number, plain: Uint8Array): readonly Sealed[] {
  if (plain.length > MAX_FRAME_PLAIN) throw new StrataError('internal', 'a frame is too long');
  const { codec, bytes } = compress(plain);
  const head = new ByteWriter()
    .u8(CODECS[codec])
    .bytes(new Uint8Array(3))
    .u32(plain.length)
    .u32(bytes.length + TAG_BYTES)
    .finish();
  const cipher = createCipheriv(CIPHER, key.secret, nonce(number), { authTagLength: TAG_BYTES });
  cipher.setAAD(additional(key, number, head));
  const body = plainBytes(cipher.update(bytes));
  // The mode has no padding.
  cipher.final();
  const tag = new Uint8Array(cipher.getAuthTag());
  if (codec !== 'stored') {
    release(bytes);
    checkOpens(key, number, { head, body, tag }, plain);
  }
  return [head, body, tag] as readonly Uint8Array[] as readonly Sealed[];
}

function checkOpens(key: FrameKey, number: number, sealed: FrameParts, plain: Uint8Array): void {
  let opened: Uint8Array | undefined;
  try {
    opened = open(key, number, sealed);
  } catch (error) {
    if (!isStrataError(error, 'integrity')) throw error;
  }
  if (opened === undefined || !equalBytes(opened, plain))
    throw new StrataError('internal', 'a sealed frame does not open to what was sealed');
  release(opened);
}

/** @param frame one whole frame, its head included. @throws integrity */
export function openFrame(key: FrameKey, number: number, frame: Uint8Array): Uint8Array {
  const end = Math.max(FRAME_HEADER_BYTES, frame.length - TAG_BYTES);
  return open(key, number, {
    head: frame.subarray(0, FRAME_HEADER_BYTES),
    body: frame.subarray(FRAME_HEADER_BYTES, end),
    tag: frame.subarray(end),
  });
}

interface FrameParts {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

function open(key: FrameKey, number: number, { head, body, tag }: FrameParts): Uint8Array {
  const shape = frameShape(head);
  if (shape.frameLength !== head.length + body.length + tag.length)
    throw new StrataError('integrity', 'a frame does not have the length that it says');
  const decipher = createDecipheriv(CIPHER, key.secret, nonce(number), { authTagLength: TAG_BYTES });
  decipher.setAAD(additional(key, number, head));
  decipher.setAuthTag(tag);
  const bytes = decipher.update(body);
  try {
    decipher.final();
  } catch (error) {
    throw new StrataError('integrity', 'a frame is damaged: its seal is broken', { cause: error });
  }
  const plain = decompress(shape.codec, bytes, shape.plainLength);
  if (plain !== bytes) release(bytes);
  return plain;
}

/** Never the same twice with one key: each object has its own, and each of its frames a number. */
function nonce(number: number): Uint8Array {
  return new ByteWriter().u32(number).bytes(new Uint8Array(8)).finish();
}

function additional(key: FrameKey, number: number, head: Uint8Array): Uint8Array {
  return concatBytes([key.additional, new ByteWriter().u32(number).finish(), head]);
}
