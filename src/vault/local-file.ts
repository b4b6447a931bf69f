/**
 * A file on this machine, beside the store, that only its tenant's key opens. It may be lost at any time: one that is missing, cut off,
 * damaged or another's reads as nothing. It has the envelope of stored objects, so damage never passes for content.
 */

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { ByteReader, ByteWriter, errno, isStrataError, toHex } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import {
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  MAX_FRAME_PLAIN,
  ObjectSealer,
  frameShape,
} from '../chunk/index.ts';
import type { FrameShape, ObjectIdentity } from '../chunk/index.ts';
import type { Keyring } from './keyring.ts';
import { openByRange, sealTrailer } from './sealed-object.ts';

/** With room for the heads of frames and the trailer. A longer file is not written. */
const MOST_BYTES = 2 ** 32 - 2 ** 24;

const PRIVATE = { directory: 0o700, file: 0o600 };

export class LocalFile {
  readonly #path: string;
  readonly #keyring: Keyring;
  readonly #random: Random;
  readonly #identity: ObjectIdentity;

  /** @param kind what is in it and in which version: a file of another kind reads as nothing */
  constructor(path: string, kind: string, keyring: Keyring, random: Random) {
    this.#path = path;
    this.#keyring = keyring;
    this.#random = random;
    // No object of a store has such a name.
    this.#identity = { type: 'tree', tenant: keyring.tenant, name: `local/${kind}` };
  }

  /** @returns undefined if there is nothing that can be believed */
  async read(): Promise<Uint8Array | undefined> {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return undefined;
    }
    try {
      return await this.#readFrom(file);
    } catch (error) {
      if (isStrataError(error) || errno(error) !== undefined) return undefined;
      throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Nothing is to be seen of it before `commit`. */
  write(): LocalFileWriter {
    return new LocalFileWriter(this.#path, this.#identity, this.#keyring, this.#random);
  }

  async #readFrom(file: number): Promise<Uint8Array> {
    const read = (offset: number, length: number) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    };
    const { size } = fstatSync(file);
    const { opener, trailer, trailerAt } = await openByRange(this.#identity, size, read, this.#keyring.find);
    const reader = new ByteReader(trailer, 'a local file');
    const total = reader.u64();
    const frames = [...framesOf(read, trailerAt)];
    // Before memory is taken for it.
    if (total !== frames.reduce((sum, { plainLength }) => sum + plainLength, 0))
      reader.fail('its frames do not add up to its length');
    const plain = new Uint8Array(total);
    let at = 0;
    for (const [number, { offset, frameLength }] of frames.entries()) {
      const bytes = opener.frame(number, read(offset, frameLength));
      plain.set(bytes, at);
      at += bytes.length;
    }
    return plain;
  }
}

/** Where the frames lie, and what their heads say. */
function* framesOf(
  read: (offset: number, length: number) => Uint8Array,
  end: number,
): Generator<FrameShape & { readonly offset: number }, void> {
  for (let offset = HEADER_BYTES; offset < end;) {
    const shape = frameShape(read(offset, FRAME_HEADER_BYTES));
    yield { ...shape, offset };
    offset += shape.frameLength;
  }
}

export class LocalFileWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #identity: ObjectIdentity;
  readonly #sealer: ObjectSealer;
  #file: number | undefined;
  #frames = 0;
  #offset = 0;
  #total = 0;
  /** A disk that is full, or cannot be written to: then there is no file, and nobody is bothered. */
  #failed = false;

  constructor(path: string, identity: ObjectIdentity, keyring: Keyring, random: Random) {
    this.#path = path;
    this.#temporary = `${path}.${toHex(random(8))}.tmp`;
    this.#identity = identity;
    this.#sealer = new ObjectSealer(keyring.seal(identity.type), identity, random);
  }

  /** @param part at most `MAX_FRAME_PLAIN` bytes at a time are sealed */
  write(part: Uint8Array): void {
    // Its trailer tells where the frames end in 32 bits.
    if (this.#offset + part.length > MOST_BYTES) this.#failed = true;
    this.#attempt(() => {
      if (this.#file === undefined) {
        mkdirSync(dirname(this.#path), { recursive: true, mode: PRIVATE.directory });
        this.#file = openSync(this.#temporary, 'wx', PRIVATE.file);
        this.#append(this.#sealer.header);
      }
      for (let at = 0; at < part.length; at += MAX_FRAME_PLAIN)
        this.#append(this.#sealer.frame(this.#frames++, part.subarray(at, at + MAX_FRAME_PLAIN)));
      this.#total += part.length;
    });
  }

  /** Puts it in place; if nothing was written, what was there stays. Not durable: a power cut may leave nothing that can be read. */
  commit(): void {
    this.#attempt(() => {
      if (this.#file === undefined) return;
      const trailer = new ByteWriter().u64(this.#total).finish();
      for (const part of sealTrailer(this.#sealer, this.#identity, this.#offset, trailer)) this.#append(part);
      this.#close();
      renameSync(this.#temporary, this.#path);
    });
    this.discard();
  }

  discard(): void {
    if (this.#file === undefined) return;
    try {
      this.#close();
    } catch {
      // What could not be written is not wanted any more.
    }
    try {
      unlinkSync(this.#temporary);
    } catch {
      // Swept up some day.
    }
  }

  /** Closed it is also when that fails. */
  #close(): void {
    const file = this.#file!;
    this.#file = undefined;
    closeSync(file);
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file!, bytes, at);
    this.#offset += bytes.length;
  }

  #attempt(step: () => void): void {
    if (this.#failed) return;
    try {
      step();
    } catch (error) {
      if (errno(error) === undefined) throw error;
      this.#failed = true;
    }
  }
}
