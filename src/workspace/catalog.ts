/** Which workspaces and snapshots there are: the database's answers. */

import { StrataError, nearNames, toHex } from '../base/index.ts';
import type { Database, SnapshotTable, Transaction, WorkspaceTable } from '../db/index.ts';
import type { Root } from '../tree/index.ts';
import type { TenantVault } from '../vault/index.ts';
import { isRunId, parseRef } from './name.ts';
import type { Ref } from './name.ts';
import type { SnapshotInfo, WorkspaceInfo } from './results.ts';
import { rootOf } from './snapshot-row.ts';

type Query = Database['kysely'] | Transaction;

export interface FoundSnapshot {
  readonly workspace: WorkspaceTable;
  readonly row: SnapshotTable;
  readonly root: Root;
}

/** A workspace in the region where it lives, or a replica of it. */
export interface Located extends Pick<WorkspaceTable, 'id' | 'tenant' | 'name' | 'replica_of'> {
  readonly region: string;
}

/** The workspace where it lives, also if this is a replica of it. 32 hex digits. */
export function originOf({ id, replica_of }: Pick<WorkspaceTable, 'id' | 'replica_of'>): string {
  return replica_of ?? id;
}

/** The workspace of a name, where it lives, then its replicas. @param tenantName of all its rows, one a region */
export async function everyWorkspace(query: Query, tenantName: string, name: string): Promise<Located[]> {
  const rows = await query
    .selectFrom('workspaces')
    .innerJoin('tenants', 'tenants.id', 'workspaces.tenant')
    .select(['tenants.region', 'workspaces.tenant', 'workspaces.id', 'workspaces.name', 'replica_of'])
    .where('tenants.name', '=', tenantName)
    .where('workspaces.name', '=', name)
    .orderBy('tenants.created')
    .execute();
  const isReplica = (row: Located) => row.replica_of !== null;
  return [...rows.filter((row) => !isReplica(row)), ...rows.filter(isReplica)];
}

/** Where it lives; if it is known nowhere, a replica of it. */
export async function locateWorkspace(
  query: Query,
  tenantName: string,
  name: string,
): Promise<Located | undefined> {
  return (await everyWorkspace(query, tenantName, name))[0];
}

/** For what saves to it. @throws refused if there are only replicas */
export async function locateToSave(
  query: Query,
  tenantName: string,
  name: string,
): Promise<Located | undefined> {
  const found = await locateWorkspace(query, tenantName, name);
  if (found !== undefined) checkLivesHere(found);
  return found;
}

/** @param region where it has to be, be it as a replica. @throws workspace_not_found with near names, of all regions */
export async function getLocated(
  query: Query,
  tenantName: string,
  name: string,
  region?: string,
): Promise<Located> {
  const every = await everyWorkspace(query, tenantName, name);
  const found = every.find((row) => region === undefined || row.region === region);
  if (found !== undefined) return found;
  if (every.length === 0) throw await noWorkspace(query, tenantName, name);
  const regions = every.map((row) => row.region);
  throw new StrataError('workspace_not_found', `there is no workspace ${name} in region ${region}`, {
    hint: `It is in ${regions.join(', ')}; \`strata workspaces replicate ${name} --to ${region}\` brings it there.`,
    details: { workspace: name, region, regions },
  });
}

/** @param tenant of one region */
export async function findWorkspace(
  query: Query,
  tenant: string,
  name: string,
): Promise<WorkspaceTable | undefined> {
  return query
    .selectFrom('workspaces')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** @throws workspace_not_found with near names */
export async function getWorkspace(query: Query, tenant: string, name: string): Promise<WorkspaceTable> {
  const workspace = await findWorkspace(query, tenant, name);
  if (workspace !== undefined) return workspace;
  const row = await query.selectFrom('tenants').select('name').where('id', '=', tenant).executeTakeFirst();
  throw await noWorkspace(query, row?.name, name);
}

async function noWorkspace(query: Query, tenantName: string | undefined, name: string): Promise<StrataError> {
  const rows = await query
    .selectFrom('workspaces')
    .innerJoin('tenants', 'tenants.id', 'workspaces.tenant')
    .select('workspaces.name')
    .where('tenants.name', '=', tenantName ?? '')
    .execute();
  const names = [...new Set(rows.map((row) => row.name))];
  const near = nearNames(name, names);
  return new StrataError('workspace_not_found', `there is no workspace ${name}`, {
    hint: isRunId(name)
      ? 'It looks like the id of a run: `strata runs list` shows those that there are.'
      : near.length > 0
        ? `Did you mean ${near.join(' or ')}?`
        : names.length === 0
          ? 'There are none yet; `strata workspaces save DIR` makes one.'
          : '`strata workspaces list` lists them.',
    details: { workspace: name, near },
  });
}

/** Only the workspace itself is saved to. @throws refused */
export function checkLivesHere({ name, replica_of }: Pick<WorkspaceTable, 'name' | 'replica_of'>): void {
  if (replica_of === null) return;
  throw new StrataError('refused', `${name} is a replica of a workspace that lives elsewhere`, {
    hint: `Save there and replicate it, or go on in a copy: \`strata workspaces fork ${name} NEW\`.`,
    details: { workspace: name, origin: replica_of },
  });
}

/** @throws workspace_not_found, snapshot_not_found */
export async function getSnapshot(query: Query, tenant: string, ref: Ref): Promise<FoundSnapshot> {
  const workspace = await getWorkspace(query, tenant, ref.workspace);
  let wanted = query.selectFrom('snapshots').selectAll().where('workspace', '=', workspace.id);
  if (typeof ref.snapshot === 'number') wanted = wanted.where('number', '=', ref.snapshot);
  else if (ref.snapshot !== undefined) wanted = wanted.where('id', '=', ref.snapshot);
  const row = await wanted.orderBy('number', 'desc').limit(1).executeTakeFirst();
  if (row !== undefined) return { workspace, row, root: rootOf(row) };
  const latest = await query
    .selectFrom('snapshots')
    .select('number')
    .where('workspace', '=', workspace.id)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  throw new StrataError('snapshot_not_found', `workspace ${ref.workspace} has no snapshot ${ref.snapshot}`, {
    hint: `The latest is ${ref.workspace}@${latest?.number}; \`strata workspaces log ${ref.workspace}\` lists them.`,
    details: { workspace: ref.workspace, snapshot: ref.snapshot, latest: latest?.number },
  });
}

/** What a snapshot holds; undefined if there is none. */
export async function sizeOf(
  query: Query,
  tenant: string,
  { workspace, snapshot }: Pick<Ref, 'workspace' | 'snapshot'>,
): Promise<{ files: number; bytes: number } | undefined> {
  let wanted = query
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['snapshots.files', 'snapshots.bytes'])
    .where('workspaces.tenant', '=', tenant)
    .where('workspaces.name', '=', workspace);
  if (typeof snapshot === 'number') wanted = wanted.where('snapshots.number', '=', snapshot);
  else if (snapshot !== undefined) wanted = wanted.where('snapshots.id', '=', snapshot);
  return wanted.orderBy('snapshots.number', 'desc').limit(1).executeTakeFirst();
}

/** Of all regions, by name. */
export async function listWorkspaces(query: Query, tenantName: string): Promise<WorkspaceInfo[]> {
  const rows = await query
    .selectFrom('workspaces')
    .innerJoin('tenants', 'tenants.id', 'workspaces.tenant')
    .innerJoin('snapshots', 'snapshots.workspace', 'workspaces.id')
    .select(({ fn }) => [
      'workspaces.name',
      'tenants.region',
      'workspaces.id',
      'workspaces.created',
      'workspaces.replica_of',
      'snapshots.number',
      'snapshots.created as updated',
      'snapshots.digest',
      'snapshots.files',
      'snapshots.bytes',
      fn
        .agg<number>('count', ['snapshots.id'])
        .over((window) => window.partitionBy('workspaces.id'))
        .as('snapshots'),
      fn
        .agg<number>('max', ['snapshots.number'])
        .over((window) => window.partitionBy('workspaces.id'))
        .as('latest'),
    ])
    .where('tenants.name', '=', tenantName)
    .orderBy('workspaces.name')
    // Where it lives comes before its replicas.
    .orderBy(({ eb }) => eb('workspaces.replica_of', 'is not', null))
    .orderBy('tenants.created')
    .execute();
  return rows.flatMap(({ number, replica_of, ...info }) =>
    number === info.latest ? [{ ...info, replicaOf: replica_of ?? undefined }] : [],
  );
}

/** The number of the snapshot that a reference means. @throws workspace_not_found, snapshot_not_found */
export async function snapshotNumber(
  { vault, database }: { readonly vault: TenantVault; readonly database: Pick<Database, 'kysely'> },
  ref: string,
): Promise<number> {
  return (await getSnapshot(database.kysely, toHex(vault.id), parseRef(ref))).row.number;
}

/**
 * Of a workspace in the region where it lives.
 *
 * @param workspace its id, in hex
 * @param number undefined: the latest
 */
export async function findSnapshotInfo(
  query: Query,
  workspace: string,
  name: string,
  number?: number,
): Promise<SnapshotInfo | undefined> {
  let wanted = snapshotRows(query, workspace).limit(1);
  if (number !== undefined) wanted = wanted.where('number', '=', number);
  const row = await wanted.executeTakeFirst();
  return row && snapshotInfo(name, row, row.parent_name ?? undefined);
}

/** Newest first. */
export async function listSnapshots(query: Query, tenant: string, name: string): Promise<SnapshotInfo[]> {
  const workspace = await getWorkspace(query, tenant, name);
  const rows = await snapshotRows(query, workspace.id).execute();
  return rows.map((row) => snapshotInfo(name, row, row.parent_name ?? undefined));
}

/** Newest first. */
function snapshotRows(query: Query, workspace: string) {
  return query
    .selectFrom('snapshots')
    .leftJoin('workspaces as parents', 'parents.id', 'snapshots.parent_workspace')
    .selectAll('snapshots')
    .select('parents.name as parent_name')
    .where('workspace', '=', workspace)
    .orderBy('number', 'desc');
}

export function snapshotInfo(
  workspace: string,
  row: SnapshotTable,
  parentName: string | undefined,
): SnapshotInfo {
  return {
    workspace,
    snapshot: row.number,
    id: row.id,
    kind: row.kind,
    created: row.created,
    digest: row.digest,
    files: row.files,
    dirs: row.directories,
    symlinks: row.symlinks,
    bytes: row.bytes,
    newBytes: row.new_bytes,
    storedBytes: row.stored_bytes,
    message: row.message,
    parent: parentName === undefined ? undefined : `${parentName}@${row.parent_number}`,
  };
}
