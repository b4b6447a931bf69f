/**
 * Sealed objects: the envelope of docs/design.md 3.3.
 *
 * Each object has a key of its own, derived from a random salt, so no nonce is ever used twice with one key, and a commitment
 * to that key in the open, so that no ciphertext opens under two keys.
 */

import { createSecretKey } from 'node:crypto';

import { StrataError, concatBytes, equalBytes } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { openFrame, sealFrame } from './frame.ts';
import type { FrameKey, Sealed } from './frame.ts';
import { SALT_BYTES, decodeHeader, encodeHeader } from './header.ts';
import { damaged } from './identity.ts';
import type { ObjectIdentity } from './identity.ts';
import { objectKey } from './key.ts';
import type { SealingKey } from './key.ts';

/** Seals the frames of one new object. */
export class ObjectSealer {
  readonly header: Sealed;
  readonly #key: FrameKey;

  constructor(key: SealingKey, identity: ObjectIdentity, random: Random) {
    const salt = random(SALT_BYTES);
    const { secret, commitment } = objectKey(key, salt, identity);
    this.header = encodeHeader(identity, { keyId: key.id, salt, commitment }) as Sealed;
    this.#key = frameKey(secret, this.header, identity);
  }

  /** @param number each number once per object: it is the nonce */
  frame(number: number, plain: Uint8Array): Sealed {
    return concatBytes(this.frameParts(number, plain)) as Sealed;
  }

  /** As `frame`, in parts that follow each other. */
  frameParts(number: number, plain: Uint8Array): readonly Sealed[] {
    return sealFrame(this.#key, number, plain);
  }
}

/** Opens the frames of one stored object. */
export class ObjectOpener {
  readonly #key: FrameKey;

  private constructor(key: FrameKey) {
    this.#key = key;
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
    const { keyId, salt, commitment } = decodeHeader(header, identity);
    const sealingKey = findKey(keyId);
    if (sealingKey === undefined) {
      throw new StrataError('wrong_key', `object ${identity.name} is sealed with another key`, {
        hint: 'Give the root key of this store: its key file, passphrase or recovery key.',
        details: { object: identity.name },
      });
    }
    const own = objectKey(sealingKey, salt, identity);
    if (!equalBytes(commitment, own.commitment)) throw damaged(identity, 'its key commitment does not match');
    return new ObjectOpener(frameKey(own.secret, header, identity));
  }

  /**
   * @param bytes one whole frame, its head included
   * @throws integrity
   */
  frame(number: number, bytes: Uint8Array): Uint8Array {
    return openFrame(this.#key, number, bytes);
  }
}

function frameKey(secret: Uint8Array, header: Uint8Array, { tenant }: ObjectIdentity): FrameKey {
  return { secret: createSecretKey(secret), additional: concatBytes([header, tenant]) };
}
