/** Heads: docs/design.md 3.6. */

import { ByteWriter, StrataError } from '../base/index.ts';
import type { ByteReader } from '../base/index.ts';
import { decodeRoot, encodeRoot } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';
import type { SnapshotId, WorkspaceId } from './names.ts';
import { RECORD_VERSION, readId, readText, startRecord, textBytes } from './record-fields.ts';

/** Why a head moved. Codes are part of the format. */
const HEAD_KINDS = { save: 1, fork: 2, replica: 3, restore: 4, conflict: 5 } as const;

export type HeadKind = keyof typeof HEAD_KINDS;

export interface SnapshotRecord {
  readonly id: SnapshotId;
  /** From 1 in each workspace. A replica has that of its origin. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly root: Root;
  /** Plain bytes that were not stored before. */
  readonly newBytes: number;
  /** What packs and index grew by. */
  readonly storedBytes: number;
  readonly message: string;
  /** Where a fork came from, what was restored, what a conflict is one with. */
  readonly parent?: { readonly workspace: WorkspaceId; readonly number: number } | undefined;
}

export interface HeadRecord {
  readonly workspace: WorkspaceId;
  readonly seq: number;
  readonly fence: number;
  readonly name: string;
  readonly kind: HeadKind;
  /** Of a replica, and of nothing else: the workspace whose snapshot it is, in another store. */
  readonly origin?: WorkspaceId | undefined;
  readonly snapshot: SnapshotRecord;
}

export function encodeHead(head: HeadRecord): Uint8Array {
  const { snapshot, origin } = head;
  if ((head.kind === 'replica') !== (origin !== undefined))
    throw new StrataError(
      'internal',
      'a head is that of a replica and has no origin, or the other way about',
    );
  const writer = new ByteWriter()
    .u8(RECORD_VERSION)
    .bytes(head.workspace)
    .u64(head.seq)
    .u64(head.fence)
    .short(textBytes('name', head.name))
    .u8(HEAD_KINDS[head.kind]);
  if (origin !== undefined) writer.bytes(origin);
  writer
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
  const reader = startRecord(bytes, 'a head');
  const front = {
    workspace: readId<WorkspaceId>(reader),
    seq: reader.u64(),
    fence: reader.u64(),
    name: readText(reader),
    kind: headKind(reader),
  };
  const head = {
    ...front,
    origin: front.kind === 'replica' ? readId<WorkspaceId>(reader) : undefined,
    snapshot: {
      id: readId<SnapshotId>(reader),
      number: reader.u32(),
      created: reader.i64(),
      root: decodeRoot(reader),
      newBytes: reader.u64(),
      storedBytes: reader.u64(),
      message: readText(reader),
      parent: parent(reader),
    },
  };
  reader.end();
  return head;
}

function headKind(reader: ByteReader): HeadKind {
  const code = reader.u8();
  const known = Object.entries(HEAD_KINDS).find(([, each]) => each === code);
  return known === undefined ? reader.fail('its kind is unknown') : (known[0] as HeadKind);
}

function parent(reader: ByteReader): SnapshotRecord['parent'] {
  const flag = reader.u8();
  if (flag === 0) return undefined;
  if (flag !== 1) reader.fail('its parent flag is unknown');
  return { workspace: readId<WorkspaceId>(reader), number: reader.u32() };
}
