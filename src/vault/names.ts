/** The names of stored objects: docs/design.md 3.1. They say nothing but what kind of object it is, and whose. */

import { ByteWriter, StrataError, concatBytes, fromHex, sha256, toHex, utf8 } from '../base/index.ts';
import type { Branded } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { ObjectIdentity, ObjectType } from '../chunk/index.ts';

/** 16 random bytes; the brand says whose. */
export type TenantId = Branded<Uint8Array, 'tenant'>;
export type IntentId = Branded<Uint8Array, 'intent'>;
export type PackId = Branded<Uint8Array, 'pack'>;
export type SegmentId = Branded<Uint8Array, 'segment'>;
export type WorkspaceId = Branded<Uint8Array, 'workspace'>;
export type SnapshotId = Branded<Uint8Array, 'snapshot'>;

/** An id out of a row of the database, where it stands in hex. @throws integrity */
export function idOf<Id extends Uint8Array>(hex: string): Id {
  const id = parseId<Id>(hex);
  if (id !== undefined) return id;
  throw new StrataError('integrity', `the database is damaged: ${JSON.stringify(hex)} is no id`, {
    hint: 'Move the database away, then run `strata store rebuild-index`: the store alone can make it anew.',
  });
}

export type PackType = Extract<ObjectType, 'data' | 'tree'>;

export const PACK_TYPES: readonly PackType[] = ['data', 'tree'];

/** Whose an object is that belongs to the store itself. */
const NO_TENANT = new Uint8Array(ID_BYTES) as TenantId;

export const FORMAT_NAME = 'format';
export const OWNER_PREFIX = 'owner/';
export const KEYS_PREFIX = 'keys/';
export const TENANTS_PREFIX = 'tenants/';

const NUMBER_DIGITS = 10;

export function ownerIdentity(number: number): ObjectIdentity {
  return { type: 'owner', tenant: NO_TENANT, name: `${OWNER_PREFIX}${digits(number)}` };
}

export function keysIdentity(tenant: TenantId, number: number): ObjectIdentity {
  return { type: 'keys', tenant: NO_TENANT, name: `${KEYS_PREFIX}${toHex(tenant)}/${digits(number)}` };
}

export function packIdentity(tenant: TenantId, type: PackType, pack: PackId): ObjectIdentity {
  const id = toHex(pack);
  return { type, tenant, name: `${tenantPrefix(tenant)}${type}/${id.slice(0, 2)}/${id}` };
}

export function segmentIdentity(tenant: TenantId, segment: SegmentId): ObjectIdentity {
  return { type: 'index', tenant, name: `${tenantPrefix(tenant)}index/${toHex(segment)}` };
}

export function headIdentity(tenant: TenantId, workspace: WorkspaceId, seq: number): ObjectIdentity {
  return { type: 'head', tenant, name: `${headsPrefix(tenant)}${toHex(workspace)}/${digits(seq)}` };
}

export function tenantPrefix(tenant: TenantId): string {
  return `${TENANTS_PREFIX}${toHex(tenant)}/`;
}

export function headsPrefix(tenant: TenantId): string {
  return `${tenantPrefix(tenant)}heads/`;
}

/** The id of the `k`-th pack of a save: its intent names them all before they exist. */
export function packId(intent: IntentId, k: number): PackId {
  const seed = concatBytes([utf8('strata pack v1'), intent, new ByteWriter().u32(k).finish()]);
  return sha256(seed).slice(0, ID_BYTES) as Uint8Array as PackId;
}

/** What a name says, or undefined for a name that is none of ours. */
export type ParsedName =
  | { readonly kind: 'format' }
  | { readonly kind: 'owner'; readonly number: number }
  | { readonly kind: 'keys'; readonly tenant: TenantId; readonly number: number }
  | { readonly kind: PackType; readonly tenant: TenantId; readonly pack: PackId }
  | { readonly kind: 'index'; readonly tenant: TenantId; readonly segment: SegmentId }
  | {
      readonly kind: 'head';
      readonly tenant: TenantId;
      readonly workspace: WorkspaceId;
      readonly seq: number;
    };

export function parseName(name: string): ParsedName | undefined {
  if (name === FORMAT_NAME) return { kind: 'format' };
  const parts = name.split('/');
  const parsed =
    parts[0] === 'tenants'
      ? parseTenantName(parts)
      : parts[0] === 'keys'
        ? parseKeysName(parts)
        : parseOwnerName(parts);
  // Only the one spelling that we would write ourselves is ours.
  return parsed !== undefined && identityOf(parsed)?.name === name ? parsed : undefined;
}

/** Which object a parsed name is; undefined for `format`, which is not sealed. */
export function identityOf(name: ParsedName): ObjectIdentity | undefined {
  switch (name.kind) {
    case 'format':
      return undefined;
    case 'owner':
      return ownerIdentity(name.number);
    case 'keys':
      return keysIdentity(name.tenant, name.number);
    case 'data':
    case 'tree':
      return packIdentity(name.tenant, name.kind, name.pack);
    case 'index':
      return segmentIdentity(name.tenant, name.segment);
    case 'head':
      return headIdentity(name.tenant, name.workspace, name.seq);
  }
}

function parseOwnerName(parts: readonly string[]): ParsedName | undefined {
  const number = parseDigits(parts[1]);
  return number === undefined ? undefined : { kind: 'owner', number };
}

function parseKeysName(parts: readonly string[]): ParsedName | undefined {
  const tenant = parseId<TenantId>(parts[1]);
  const number = parseDigits(parts[2]);
  return tenant === undefined || number === undefined ? undefined : { kind: 'keys', tenant, number };
}

function parseTenantName(parts: readonly string[]): ParsedName | undefined {
  const tenant = parseId<TenantId>(parts[1]);
  if (tenant === undefined) return undefined;
  switch (parts[2]) {
    case 'data':
    case 'tree': {
      const pack = parseId<PackId>(parts[4]);
      return pack && { kind: parts[2], tenant, pack };
    }
    case 'index': {
      const segment = parseId<SegmentId>(parts[3]);
      return segment && { kind: 'index', tenant, segment };
    }
    case 'heads': {
      const workspace = parseId<WorkspaceId>(parts[3]);
      const seq = parseDigits(parts[4]);
      return workspace === undefined || seq === undefined
        ? undefined
        : { kind: 'head', tenant, workspace, seq };
    }
    default:
      return undefined;
  }
}

function digits(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0');
}

/** Numbers count from 1. */
function parseDigits(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function parseId<Id extends Uint8Array>(text: string | undefined): Id | undefined {
  return fromHex(text ?? '', ID_BYTES) as Id | undefined;
}
