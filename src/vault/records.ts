/** The small records of a store, as bytes: docs/design.md 3.6. Each is one sealed frame. */

import { ByteReader, ByteWriter, StrataError, utf8 } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import { decodeRoot, encodeRoot } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';
import type { IntentId, SnapshotId, TenantId, WorkspaceId } from './names.ts';

const VERSION = 1;
const KEY_BYTES = 32;
/** Their length is a u16. */
const MAX_TEXT_BYTES = 0xffff;

/** Why a head moved. Codes are part of the format. */
export const HEAD_KINDS = { save: 1, fork: 2 } as const;

export type HeadKind = keyof typeof HEAD_KINDS;

export interface SnapshotRecord {
  readonly id: SnapshotId;
  /** From 1 in each workspace. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly root: Root;
  /** Plain bytes that were not stored before. */
  readonly newBytes: number;
  /** What packs and index grew by. */
  readonly storedBytes: number;
  readonly message: string;
  /** Where a fork came from. */
  readonly parent?: { readonly workspace: WorkspaceId; readonly number: number } | undefined;
}

export interface HeadRecord {
  readonly workspace: WorkspaceId;
  readonly seq: number;
  readonly fence: number;
  readonly name: string;
  readonly kind: HeadKind;
  readonly snapshot: SnapshotRecord;
}

export interface IntentRecord {
  readonly id: IntentId;
  /** The collector's epoch that the save reads the index in. */
  readonly epoch: number;
  readonly started: number;
  readonly expires: number;
}

export interface OwnerRecord {
  readonly number: number;
  /** The home, 16 random bytes, that publishes heads and collects. */
  readonly home: Uint8Array;
  readonly since: number;
}

export interface KeyVersion {
  readonly version: number;
  readonly secret: Uint8Array;
  readonly created: number;
}

export interface KeysRecord {
  readonly tenant: TenantId;
  readonly number: number;
  readonly name: string;
  /** Seeds the cuts. Never rotated: other cuts would find nothing that is stored. */
  readonly cutKey: Uint8Array;
  /** The last one seals what is new. */
  readonly versions: readonly KeyVersion[];
}

export function encodeHead(head: HeadRecord): Uint8Array {
  const { snapshot } = head;
  const writer = new ByteWriter()
    .u8(VERSION)
    .bytes(head.workspace)
    .u64(head.seq)
    .u64(head.fence)
    .short(textBytes('name', head.name))
    .u8(HEAD_KINDS[head.kind])
    .bytes(snapshot.id)
    .u32(snapshot.number)
    .i64(snapshot.created)
    .bytes(encodeRoot(snapshot.root))
    .u64(snapshot.newBytes)
    .u64(snapshot.storedBytes)
    .short(textBytes('message', snapshot.message));
  if (snapshot.parent === undefined) writer.u8(0);
  else writer.u8(1).bytes(snapshot.parent.workspace).u32(snapshot.parent.number);
  return writer.finish();
}

export function decodeHead(bytes: Uint8Array): HeadRecord {
  const reader = start(bytes, 'a head');
  const head = {
    workspace: id<WorkspaceId>(reader),
    seq: reader.u64(),
    fence: reader.u64(),
    name: text(reader),
    kind: headKind(reader),
    snapshot: {
      id: id<SnapshotId>(reader),
      number: reader.u32(),
      created: reader.i64(),
      root: decodeRoot(reader),
      newBytes: reader.u64(),
      storedBytes: reader.u64(),
      message: text(reader),
      parent: parent(reader),
    },
  };
  reader.end();
  return head;
}

export function encodeIntent(intent: IntentRecord): Uint8Array {
  return new ByteWriter()
    .u8(VERSION)
    .bytes(intent.id)
    .u64(intent.epoch)
    .i64(intent.started)
    .i64(intent.expires)
    .finish();
}

export function decodeIntent(bytes: Uint8Array): IntentRecord {
  const reader = start(bytes, 'an intent');
  const intent = {
    id: id<IntentId>(reader),
    epoch: reader.u64(),
    started: reader.i64(),
    expires: reader.i64(),
  };
  reader.end();
  return intent;
}

export function encodeOwner(owner: OwnerRecord): Uint8Array {
  return new ByteWriter().u8(VERSION).u64(owner.number).bytes(owner.home).i64(owner.since).finish();
}

export function decodeOwner(bytes: Uint8Array): OwnerRecord {
  const reader = start(bytes, 'an owner record');
  const owner = { number: reader.u64(), home: reader.bytes(ID_BYTES).slice(), since: reader.i64() };
  reader.end();
  return owner;
}

export function encodeKeys(keys: KeysRecord): Uint8Array {
  const writer = new ByteWriter()
    .u8(VERSION)
    .bytes(keys.tenant)
    .u64(keys.number)
    .short(textBytes('name', keys.name))
    .bytes(keys.cutKey)
    .u16(keys.versions.length);
  for (const key of keys.versions) writer.u32(key.version).bytes(key.secret).i64(key.created);
  return writer.finish();
}

export function decodeKeys(bytes: Uint8Array): KeysRecord {
  const reader = start(bytes, 'a key record');
  const keys = {
    tenant: id<TenantId>(reader),
    number: reader.u64(),
    name: text(reader),
    cutKey: reader.bytes(KEY_BYTES).slice(),
    versions: Array.from({ length: reader.u16() }, () => ({
      version: reader.u32(),
      secret: reader.bytes(KEY_BYTES).slice(),
      created: reader.i64(),
    })),
  };
  reader.end();
  if (keys.versions.length === 0) reader.fail('it has no key');
  return keys;
}

function start(bytes: Uint8Array, what: string): ByteReader {
  const reader = new ByteReader(bytes, what);
  if (reader.u8() !== VERSION) reader.fail('its version is unknown');
  return reader;
}

function id<Id extends Uint8Array>(reader: ByteReader): Id {
  return reader.bytes(ID_BYTES).slice() as Id;
}

/** @throws bad_input */
function textBytes(what: string, value: string): Uint8Array {
  const bytes = utf8(value);
  if (bytes.length <= MAX_TEXT_BYTES) return bytes;
  throw new StrataError('bad_input', `the ${what} is ${bytes.length} bytes long`, {
    hint: `At most ${MAX_TEXT_BYTES} bytes are kept.`,
  });
}

function text(reader: ByteReader): string {
  const bytes = reader.short();
  try {
    // With `ignoreBOM` the first character is kept, whatever it is.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return reader.fail('a text in it is not UTF-8');
  }
}

function headKind(reader: ByteReader): HeadKind {
  const code = reader.u8();
  for (const kind of ['save', 'fork'] as const) if (HEAD_KINDS[kind] === code) return kind;
  return reader.fail('its kind is unknown');
}

function parent(reader: ByteReader): SnapshotRecord['parent'] {
  const flag = reader.u8();
  if (flag === 0) return undefined;
  if (flag !== 1) reader.fail('its parent flag is unknown');
  return { workspace: id<WorkspaceId>(reader), number: reader.u32() };
}
