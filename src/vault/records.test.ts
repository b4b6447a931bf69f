import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isStrataError, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import type { SnapshotId, TenantId, WorkspaceId } from './names.ts';
import { decodeHead, encodeHead } from './head-record.ts';
import type { HeadRecord } from './head-record.ts';
import { decodeKeys, encodeKeys } from './keys-record.ts';
import type { KeysRecord } from './keys-record.ts';
import { decodeOwner, encodeOwner } from './owner-record.ts';
import type { OwnerRecord } from './owner-record.ts';

const bytes = (fill: number, length = 16) => new Uint8Array(length).fill(fill);

const HEAD: HeadRecord = {
  workspace: bytes(0x11) as WorkspaceId,
  seq: 3,
  fence: 4,
  name: 'main',
  kind: 'save',
  snapshot: {
    id: bytes(0x22) as SnapshotId,
    number: 5,
    created: 1_767_225_600_000,
    root: {
      mode: 0o755,
      mtime: -1,
      tree: {
        node: bytes(0x33, 32) as Sha256,
        digest: bytes(0x44, 32) as Sha256,
        summary: { files: 1, directories: 2, symlinks: 3, bytes: 2 ** 40 },
      },
    },
    newBytes: 6,
    storedBytes: 7,
    message: 'é',
    parent: undefined,
  },
};
const FORK: HeadRecord = {
  ...HEAD,
  kind: 'fork',
  snapshot: { ...HEAD.snapshot, parent: { workspace: bytes(0x55) as WorkspaceId, number: 9 } },
};
const RESTORE: HeadRecord = { ...FORK, kind: 'restore' };
const CONFLICT: HeadRecord = { ...FORK, kind: 'conflict' };
const REPLICA: HeadRecord = { ...FORK, kind: 'replica', origin: bytes(0xcc) as WorkspaceId };
const OWNER: OwnerRecord = { number: 2, home: bytes(0x77), since: 1000 };
const KEYS: KeysRecord = {
  tenant: bytes(0x88) as TenantId,
  number: 2,
  name: 'default',
  cutKey: bytes(0x99, 32),
  versions: [
    { version: 1, secret: bytes(0xaa, 32), created: 1 },
    { version: 2, secret: bytes(0xbb, 32), created: 2 },
  ],
};

interface Golden {
  readonly record: unknown;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Fields of docs/design.md 3.6 in their order, in hex. */
  readonly fields: readonly string[];
}

const root = ['ed01', 'ffffffffffffffff', '33'.repeat(32), '44'.repeat(32)].concat([
  '0100000000000000',
  '0200000000000000',
  '0300000000000000',
  '0000000000010000',
]);
const headFields = (kind: string, parent: string) =>
  ['01', '11'.repeat(16), '0300000000000000', '0400000000000000', '0400', '6d61696e', kind].concat(
    ['22'.repeat(16), '05000000', '00a8da769b010000', ...root],
    ['0600000000000000', '0700000000000000', '0200', 'c3a9', parent],
  );

const GOLDEN: Readonly<Record<string, Golden>> = {
  head: { record: HEAD, bytes: encodeHead(HEAD), decode: decodeHead, fields: headFields('01', '00') },
  fork: {
    record: FORK,
    bytes: encodeHead(FORK),
    decode: decodeHead,
    fields: headFields('02', `01${'55'.repeat(16)}09000000`),
  },
  restore: {
    record: RESTORE,
    bytes: encodeHead(RESTORE),
    decode: decodeHead,
    fields: headFields('04', `01${'55'.repeat(16)}09000000`),
  },
  conflict: {
    record: CONFLICT,
    bytes: encodeHead(CONFLICT),
    decode: decodeHead,
    fields: headFields('05', `01${'55'.repeat(16)}09000000`),
  },
  replica: {
    record: REPLICA,
    bytes: encodeHead(REPLICA),
    decode: decodeHead,
    fields: headFields(`03${'cc'.repeat(16)}`, `01${'55'.repeat(16)}09000000`),
  },
  owner: {
    record: OWNER,
    bytes: encodeOwner(OWNER),
    decode: decodeOwner,
    fields: ['01', '0200000000000000', '77'.repeat(16), 'e803000000000000'],
  },
  keys: {
    record: KEYS,
    bytes: encodeKeys(KEYS),
    decode: decodeKeys,
    fields: [
      '01',
      '88'.repeat(16),
      '0200000000000000',
      '0700',
      '64656661756c74',
      '99'.repeat(32),
      '0200',
    ].concat(
      ['01000000', 'aa'.repeat(32), '0100000000000000'],
      ['02000000', 'bb'.repeat(32), '0200000000000000'],
    ),
  },
};

describe('records', () => {
  for (const [what, golden] of Object.entries(GOLDEN)) {
    it(`[V4] ${what} has exactly the bytes that were frozen, and is read back`, () => {
      expect(toHex(golden.bytes)).toBe(golden.fields.join(''));
      expect(golden.decode(golden.bytes)).toEqual(golden.record);
    });

    it(`[V4] ${what}, cut off or with more behind it: integrity`, () => {
      for (let length = 0; length < golden.bytes.length; length++)
        expect(thrownBy(() => golden.decode(golden.bytes.subarray(0, length))).code).toBe('integrity');
      expect(thrownBy(() => golden.decode(Uint8Array.from([...golden.bytes, 0]))).code).toBe('integrity');
    });

    it(`[V4] ${what}, damaged anywhere, is read as another or ends in integrity`, () => {
      fc.assert(
        fc.property(fc.nat(golden.bytes.length - 1), fc.nat(255), (at, value) => {
          try {
            golden.decode(golden.bytes.with(at, value));
          } catch (error) {
            expect(isStrataError(error, 'integrity')).toBe(true);
          }
        }),
        { numRuns: 500 },
      );
    });
  }

  it('[V4] unknown versions, kinds, flags and texts, and no keys: integrity', () => {
    const head = encodeHead(HEAD);
    for (const [at, value] of [
      [0, 2],
      [35, 0xff],
      [39, 6],
      [head.length - 1, 2],
    ] as const)
      expect(thrownBy(() => decodeHead(head.with(at, value))).code).toBe('integrity');
    expect(thrownBy(() => decodeKeys(encodeKeys({ ...KEYS, versions: [] }))).code).toBe('integrity');
  });

  it('[V4] only a replica has an origin', () => {
    for (const head of [
      { ...REPLICA, origin: undefined },
      { ...HEAD, origin: REPLICA.origin },
    ])
      expect(thrownBy(() => encodeHead(head)).code).toBe('internal');
  });

  it('[V5] any text comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        const message = decodeHead(encodeHead({ ...HEAD, snapshot: { ...HEAD.snapshot, message: text } }))
          .snapshot.message;
        expect(message).toBe(text.toWellFormed());
      }),
    );
    expect(decodeHead(encodeHead({ ...HEAD, name: '\uFEFFname' })).name).toBe('\uFEFFname');
  });

  it('[V5] a text that does not fit is bad_input, not cut', () => {
    const withMessage = (message: string) => encodeHead({ ...HEAD, snapshot: { ...HEAD.snapshot, message } });
    expect(decodeHead(withMessage('é'.repeat(32_767))).snapshot.message).toHaveLength(32_767);
    expect(thrownBy(() => withMessage('é'.repeat(32_768))).code).toBe('bad_input');
    expect(thrownBy(() => encodeKeys({ ...KEYS, name: 'x'.repeat(65_536) })).code).toBe('bad_input');
  });
});
