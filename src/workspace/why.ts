/** Which snapshots changed a path. It reads the nodes that lead there, of the snapshots that differ, and no file data. */

import { EMPTY, StrataError, equalBytes, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SnapshotTable } from '../db/index.ts';
import { displayPath, equalEntries, lookup } from '../tree/index.ts';
import type { Entry, NodeSource, Path } from '../tree/index.ts';
import { getWorkspace } from './catalog.ts';
import { parseRef } from './name.ts';
import type { PathChange, PathHistory } from './results.ts';
import { rootOf } from './snapshot-row.ts';
import type { WorkspaceWorld } from './world.ts';

/**
 * Each snapshot is held against the one before it that is still there. Times do not count; a directory is changed when anything below
 * it is.
 *
 * @param ref `NAME[:PATH]`
 * @throws bad_input, workspace_not_found; path_not_found if no snapshot has it; integrity, cancelled
 */
export async function explainPath(
  world: WorkspaceWorld,
  ref: string,
  options: Cancellable = {},
): Promise<PathHistory> {
  const { vault } = world;
  const { workspace: name, snapshot, path = [] } = parseRef(ref);
  if (snapshot !== undefined)
    throw new StrataError('bad_input', `${JSON.stringify(ref)} names a snapshot; all of them are looked at`, {
      hint: `Name the workspace, as in ${name}:src; \`strata workspaces diff\` compares two snapshots.`,
    });
  await using pin = await vault.pin(async (query) => {
    const workspace = await getWorkspace(query, toHex(vault.id), name);
    const found = await query
      .selectFrom('snapshots')
      .selectAll()
      .where('workspace', '=', workspace.id)
      .orderBy('number', 'desc')
      .execute();
    return { found, roots: found.map(({ root }) => root) };
  }, options);
  const changes = await changesOf(pin.found, path, await pin.source(), options);
  // What was never there was changed by none.
  if (changes.length === 0)
    throw new StrataError('path_not_found', `no snapshot of ${name} has ${displayPath(path)}`, {
      hint: `\`strata workspaces ls ${name}\` lists what the latest has.`,
      details: { path: displayPath(path) },
    });
  return { path, changes };
}

/** @param rows newest first */
async function changesOf(
  rows: readonly SnapshotTable[],
  path: Path,
  source: NodeSource,
  options: Cancellable,
): Promise<PathChange[]> {
  const changes: PathChange[] = [];
  /** Of the row that was looked at last: most are asked for twice in turn. */
  let last: { readonly row: SnapshotTable; readonly state: Entry | undefined } | undefined;
  const stateAt = async (row: SnapshotTable) => {
    if (last?.row !== row) last = { row, state: await stateOf(row, path, source, options) };
    return last.state;
  };
  for (const [at, row] of rows.entries()) {
    const older = rows[at + 1];
    if (older !== undefined && isSame(row, older)) continue;
    const after = await stateAt(row);
    const before = older && (await stateAt(older));
    const change = changeOf(before, after);
    const { number, created, message } = row;
    if (change !== undefined) changes.push({ snapshot: number, created, change, before, after, message });
  }
  return changes;
}

/** Whether nothing can differ in them, wherever one looks. */
function isSame(a: SnapshotTable, b: SnapshotTable): boolean {
  return a.digest === b.digest && rootOf(a).mode === rootOf(b).mode;
}

async function stateOf(
  row: SnapshotTable,
  path: Path,
  source: NodeSource,
  options: Cancellable,
): Promise<Entry | undefined> {
  const root = rootOf(row);
  return path.length === 0
    ? { kind: 'directory', name: EMPTY, ...root }
    : lookup(source, root.tree, path, options);
}

function changeOf(before: Entry | undefined, after: Entry | undefined): PathChange['change'] | undefined {
  if (before === undefined) return after && 'added';
  if (after === undefined) return 'removed';
  if (before.kind !== after.kind) return 'kind';
  return isEqual(before, after) ? undefined : 'changed';
}

function isEqual(a: Entry, b: Entry): boolean {
  if (!equalEntries(a, b)) return false;
  return a.kind !== 'directory' || b.kind !== 'directory' || equalBytes(a.tree.digest, b.tree.digest);
}
