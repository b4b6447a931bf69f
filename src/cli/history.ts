/** `workspaces list`, `log` and `fork` */

import { utf8 } from '../base/index.ts';
import { displayName } from '../tree/index.ts';
import type { Engine } from '../engine/index.ts';
import type { SnapshotInfo, WorkspaceInfo } from '../workspace/index.ts';
import { formatAge, formatBytes, formatCount, table } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import type { RegionFlags } from './region.ts';
import { isoTime } from './shapes.ts';

export async function listWorkspaces(invocation: Invocation): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ workspaces, regions }) => {
    const found = await workspaces.list({ signal: world.signal });
    const lines = workspaceTable(found, world.clock(), regions.length > 1);
    await terminal.result({ workspaces: found.map(workspaceJson) }, lines, lines);
  });
}

export async function showLog(invocation: Invocation, name: string, flags: RegionFlags): Promise<void> {
  await withEngine(invocation, (engine) => tellLog(invocation, engine, name, flags));
}

export async function tellLog(
  { terminal, world }: Invocation,
  { workspaces }: Engine,
  name: string,
  { region }: RegionFlags,
): Promise<void> {
  const snapshots = await workspaces.log(name, { region, signal: world.signal });
  const lines = snapshotTable(snapshots, world.clock());
  await terminal.result({ snapshots: snapshots.map(snapshotJson) }, lines, lines);
}

export async function forkWorkspace(invocation: Invocation, ref: string, name: string): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ workspaces }) => {
    const made = await workspaces.fork(ref, name, { signal: world.signal });
    const reference = `${made.workspace}@${made.snapshot}`;
    await terminal.result(snapshotJson(made), [`forked ${made.parent ?? ref} as ${reference}`], [reference]);
  });
}

/** @param hasRegions in the configuration; a workspace may also be in one that was taken out of it */
function workspaceTable(workspaces: readonly WorkspaceInfo[], now: number, hasRegions: boolean): string[] {
  if (workspaces.length === 0) return ['no workspaces yet'];
  const shown = hasRegions || workspaces.some(({ region }) => region !== 'default');
  const rows = workspaces.map(({ name, region, replicaOf, latest, files, bytes, updated }) => [
    name,
    ...(shown ? [replicaOf === undefined ? region : `${region} (replica)`] : []),
    `@${latest}`,
    formatCount(files),
    formatBytes(bytes),
    formatAge(updated, now),
  ]);
  return table(
    [['NAME', ...(shown ? ['REGION'] : []), 'LATEST', 'FILES', 'SIZE', 'SAVED'], ...rows],
    ['left', ...(shown ? (['left'] as const) : []), 'right', 'right', 'right', 'left'],
  );
}

function snapshotTable(snapshots: readonly SnapshotInfo[], now: number): string[] {
  const rows = snapshots.map(({ snapshot, created, files, bytes, newBytes, parent, message }) => [
    `@${snapshot}`,
    formatAge(created, now),
    formatCount(files),
    formatBytes(bytes),
    formatBytes(newBytes),
    [parent === undefined ? '' : `(from ${parent})`, displayName(utf8(message))].join(' ').trim(),
  ]);
  const titles = ['SNAPSHOT', 'SAVED', 'FILES', 'SIZE', 'NEW', 'MESSAGE'];
  return table([titles, ...rows], ['right', 'left', 'right', 'right', 'right', 'left']);
}

function workspaceJson(workspace: WorkspaceInfo): object {
  const { created, updated, replicaOf = null } = workspace;
  return { ...workspace, created: isoTime(created), updated: isoTime(updated), replicaOf };
}

export function snapshotJson(snapshot: SnapshotInfo): object {
  return { ...snapshot, created: isoTime(snapshot.created), parent: snapshot.parent ?? null };
}
