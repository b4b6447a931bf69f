import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { StrataError, concatBytes, sha256, toHex, utf8 } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { flipped, noise, pinnedRandom, prose } from '../testing/noise.ts';
import {
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  MAX_FRAME_PLAIN,
  OBJECT_TYPES,
  ObjectOpener,
  ObjectSealer,
  frameShape,
  keyId,
  objectId,
} from './index.ts';
import type { ObjectIdentity, SealingKey } from './index.ts';

const TENANT = Uint8Array.from({ length: 16 }, (_, at) => at);
const IDENTITY: ObjectIdentity = { type: 'data', tenant: TENANT, name: 'tenants/a/data/00/b' };

function key(seed: string): SealingKey {
  const secret = noise(seed, 32);
  return { id: keyId(secret), secret };
}

const KEY = key('key');
const findKey = (id: Uint8Array) => (toHex(id) === toHex(KEY.id) ? KEY : undefined);

function sealed(plain: Uint8Array, identity = IDENTITY, salt = 'salt') {
  const sealer = new ObjectSealer(KEY, identity, pinnedRandom(salt));
  return { header: sealer.header, frame: sealer.frame(0, plain), sealer };
}

/** What a reader of `identity` gets out of an object of one frame. */
function read(object: Uint8Array, identity = IDENTITY, number = 0): Uint8Array {
  return ObjectOpener.open(object.subarray(0, HEADER_BYTES), identity, findKey).frame(
    number,
    object.subarray(HEADER_BYTES),
  );
}

/** A header changed by whoever can compute its sum: everybody. */
function resummed(header: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = header.slice();
  change(copy);
  copy.set(sha256(copy.subarray(0, 112)).subarray(0, 16), 112);
  return copy;
}

describe('sealed objects', () => {
  // Only stored frames are golden: another version of zstd may give other bytes, which open just as well.
  it('[H11] header and stored frame are those that were frozen', () => {
    const { header, sealer } = sealed(utf8('x'));
    expect(toHex(header)).toBe(GOLDEN_HEADER);
    expect(toHex(sealer.frame(1, utf8('golden')))).toBe(GOLDEN_FRAME);
    expect(toHex(objectId(IDENTITY.name))).toBe(GOLDEN_HEADER.slice(64, 96));
  });

  it('[H11] a frozen object opens', () => {
    const object = Buffer.from(GOLDEN_HEADER + GOLDEN_FRAME, 'hex');
    expect(Buffer.from(read(object, IDENTITY, 1)).toString()).toBe('golden');
  });

  it('[H11] a program that has only docs/design.md reads the frozen object', () => {
    const header = Buffer.from(GOLDEN_HEADER, 'hex');
    const frame = Buffer.from(GOLDEN_FRAME, 'hex');
    const name = createHash('sha256').update('strata name v1tenants/a/data/00/b').digest().subarray(0, 16);
    expect(header.subarray(32, 48)).toEqual(name);
    expect(header.subarray(112)).toEqual(
      createHash('sha256').update(header.subarray(0, 112)).digest().subarray(0, 16),
    );
    const info = Buffer.concat([utf8('strata object v1'), Uint8Array.of(1), TENANT, name]);
    const derived = Buffer.from(hkdfSync('sha256', noise('key', 32), header.subarray(48, 80), info, 64));
    expect(header.subarray(80, 112)).toEqual(derived.subarray(32));
    const number = Uint8Array.of(1, 0, 0, 0);
    const nonce = Buffer.concat([number, new Uint8Array(8)]);
    const cipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), nonce, { authTagLength: 16 });
    cipher.setAAD(Buffer.concat([header, TENANT, number, frame.subarray(0, 12)]));
    cipher.setAuthTag(frame.subarray(-16));
    expect(cipher.update(frame.subarray(12, -16), undefined, 'latin1') + cipher.final('latin1')).toBe(
      'golden',
    );
  });

  it('[H12] what was sealed is opened, in any order', () => {
    const plains = [
      new Uint8Array(0),
      utf8('a'),
      prose('p', 200_000),
      noise('n', 70_000),
      new Uint8Array(1e6),
    ];
    for (const type of Object.keys(OBJECT_TYPES) as (keyof typeof OBJECT_TYPES)[]) {
      const identity = { ...IDENTITY, type };
      const sealer = new ObjectSealer(KEY, identity, pinnedRandom(type));
      const frames = plains.map((plain, number) => sealer.frame(number, plain));
      const opener = ObjectOpener.open(sealer.header, identity, findKey);
      for (const number of [4, 0, 2, 3, 1])
        expect(Buffer.compare(opener.frame(number, frames[number]!), plains[number]!)).toBe(0);
    }
  });

  it('[H12] the number of a frame is any of 32 bits', () => {
    const { sealer } = sealed(utf8('x'));
    const opener = ObjectOpener.open(sealer.header, IDENTITY, findKey);
    const last = sealer.frame(0xffff_ffff, utf8('last'));
    expect(Buffer.from(opener.frame(0xffff_ffff, last)).toString()).toBe('last');
    expect(thrownBy(() => opener.frame(0x7fff_ffff, last)).code).toBe('integrity');
  });

  it('[H12] equal content gives nothing equal away', () => {
    const one = sealed(utf8('same'), IDENTITY, 'one');
    const other = sealed(utf8('same'), IDENTITY, 'other');
    expect(toHex(one.header)).not.toBe(toHex(other.header));
    expect(toHex(one.frame)).not.toBe(toHex(other.frame));
  });

  it('[H13] each flipped bit is found, and no wrong byte comes out', () => {
    for (const plain of [utf8('some content'), prose('flip', 300)]) {
      const { header, frame } = sealed(plain);
      const object = concatBytes([header, frame]);
      for (let bit = 0; bit < object.length * 8; bit++)
        expect(thrownBy(() => read(flipped(object, bit))).code, `bit ${bit}`).toBe('integrity');
    }
  });

  it('[H13] each cut and each addition is found', () => {
    const { header, frame } = sealed(utf8('some content'));
    const object = concatBytes([header, frame]);
    for (let length = 0; length < object.length; length++)
      expect(thrownBy(() => read(object.slice(0, length))).code, `${length} bytes`).toBe('integrity');
    expect(thrownBy(() => read(concatBytes([object, Uint8Array.of(0)]))).code).toBe('integrity');
  });

  it('[H13] damage names the object', () => {
    const { header } = sealed(utf8('x'));
    const error = thrownBy(() => ObjectOpener.open(flipped(header, 5), IDENTITY, findKey));
    expect(error.details).toEqual({ object: IDENTITY.name });
    expect(error.message).toContain(IDENTITY.name);
  });

  it('[H14] a frame opens nowhere but in its place', () => {
    const one = sealed(utf8('one'), IDENTITY, 'one');
    const two = sealed(utf8('two'), IDENTITY, 'two');
    const opener = ObjectOpener.open(one.header, IDENTITY, findKey);
    expect(thrownBy(() => opener.frame(1, one.frame)).code).toBe('integrity');
    expect(thrownBy(() => opener.frame(0, two.frame)).code).toBe('integrity');
  });

  const elsewhere: Record<string, ObjectIdentity> = {
    name: { ...IDENTITY, name: 'tenants/a/data/00/c' },
    type: { ...IDENTITY, type: 'tree' },
    tenant: { ...IDENTITY, tenant: new Uint8Array(16) },
  };
  for (const [what, identity] of Object.entries(elsewhere))
    it(`[H14] an object opens under no other ${what}`, () => {
      const { header, frame } = sealed(utf8('content'));
      expect(thrownBy(() => read(concatBytes([header, frame]), identity)).code).toBe('integrity');
    });

  it('[H14] not even when its header is made to fit', () => {
    const { header } = sealed(utf8('content'));
    const forged = resummed(header, (copy) => copy.set(objectId('other'), 32));
    const open = () => ObjectOpener.open(forged, { ...IDENTITY, name: 'other' }, findKey);
    expect(thrownBy(open).message).toContain('key commitment');
  });

  it('[H15] a key that is not there is wrong_key', () => {
    const { header } = sealed(utf8('content'));
    const error = thrownBy(() => ObjectOpener.open(header, IDENTITY, () => undefined));
    expect(error.code).toBe('wrong_key');
    expect(error.hint).toBeDefined();
  });

  it('[H15] another key under the same id does not open it', () => {
    const { header } = sealed(utf8('content'));
    const open = () => ObjectOpener.open(header, IDENTITY, () => ({ ...key('other'), id: KEY.id }));
    expect(thrownBy(open).code).toBe('integrity');
  });

  it('[H16] a newer version is unsupported_format, whatever else is new in it', () => {
    const { header } = sealed(utf8('content'));
    const newer = resummed(header, (copy) => copy.fill(0xff, 8, 112));
    const error = thrownBy(() => ObjectOpener.open(newer, IDENTITY, findKey));
    expect(error.code).toBe('unsupported_format');
    expect(error.message).toContain('version 255');
  });

  it('[H16] what never was an object is damage', () => {
    const { header } = sealed(utf8('content'));
    for (const change of [
      (copy: Uint8Array) => copy.fill(0, 0, 8),
      (copy: Uint8Array) => copy.fill(1, 10, 16),
    ])
      expect(thrownBy(() => ObjectOpener.open(resummed(header, change), IDENTITY, findKey)).code).toBe(
        'integrity',
      );
  });

  it('[H17] lengths that cannot be true are refused before anything is allocated', () => {
    const head = (codec: number, plain: number, length: number) => {
      const bytes = new Uint8Array(FRAME_HEADER_BYTES);
      const view = new DataView(bytes.buffer);
      bytes[0] = codec;
      view.setUint32(4, plain, true);
      view.setUint32(8, length, true);
      return bytes;
    };
    expect(frameShape(head(1, 100, 50))).toEqual({ codec: 'zstd', plainLength: 100, frameLength: 62 });
    expect(frameShape(head(0, MAX_FRAME_PLAIN, MAX_FRAME_PLAIN + 16)).codec).toBe('stored');
    for (const bytes of [
      head(2, 100, 50),
      head(0, MAX_FRAME_PLAIN + 1, 100),
      head(0, 0xffff_ffff, 0xffff_ffff),
      head(1, 100, 15),
      head(1, 100, 117),
      head(0, 100, 0xffff_ffff),
      head(0, 100, 116).fill(1, 2, 3),
      head(0, 100, 116).subarray(0, 11),
    ])
      expect(thrownBy(() => frameShape(bytes)).code).toBe('integrity');
  });

  it('[H17] a frame that is too long is not sealed', () => {
    expect(thrownBy(() => sealed(new Uint8Array(MAX_FRAME_PLAIN + 1)))).toBeInstanceOf(StrataError);
  });
});

const GOLDEN_HEADER =
  '5354524154410d0a0101000000000000d50517c24aa9f866e7f9a0185e277efc' +
  '9b362a5e953f638cb76ab8ccb70fc1e062ed8ccdbad6602b832fe520f07ba8f5' +
  'd397e364f89d27a5e85680e5514eb1be0959b05182238119162bacdf4f53f50b' +
  'a1ec80cd5ada646ecec3f4c5ef07490a6e4be1b10a0247b6dd1f42441a68a368';
const GOLDEN_FRAME = '000000000600000016000000c70d5d33ca4e19bc76627d0d4c4137166a91c3265453';
