/** A snapshot as the database keeps it and as its head tells of it: the same facts in two forms, one made from the other. */

import { ByteReader, StrataError, toHex } from '../base/index.ts';
import type { SnapshotTable, TreeColumns, WorkspaceTable } from '../db/index.ts';
import { decodeRoot, encodeRoot } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';
import { idOf } from '../vault/index.ts';
import type { HeadRecord } from '../vault/index.ts';

/** Of a tree that was saved. */
export function treeColumns({
  root,
  newBytes,
  storedBytes,
}: Pick<HeadRecord['snapshot'], 'root' | 'newBytes' | 'storedBytes'>): TreeColumns {
  const { summary, digest } = root.tree;
  return {
    root: encodeRoot(root),
    digest: toHex(digest),
    files: summary.files,
    directories: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    new_bytes: newBytes,
    stored_bytes: storedBytes,
  };
}

/** @param published 1 if the head is in the store */
export function rowOf(
  { workspace, seq, kind, snapshot }: Omit<HeadRecord, 'name' | 'fence'>,
  published: SnapshotTable['published'],
): SnapshotTable {
  const { id, number, created, message, parent } = snapshot;
  return {
    id: toHex(id),
    workspace: toHex(workspace),
    number,
    seq,
    kind,
    created,
    ...treeColumns(snapshot),
    message,
    parent_workspace: parent === undefined ? null : toHex(parent.workspace),
    parent_number: parent?.number ?? null,
    published,
  };
}

/** @throws integrity if the row is damaged */
export function headOf(
  { name, fence, replica_of }: Pick<WorkspaceTable, 'name' | 'fence' | 'replica_of'>,
  row: SnapshotTable,
): HeadRecord {
  if ((row.kind === 'replica') !== (replica_of !== null))
    throw new StrataError(
      'integrity',
      `the database is damaged: ${name} and its snapshot ${row.number} disagree on whether they are replicas`,
      {
        hint: 'Move the database away, then run `strata store rebuild-index`: the store alone can make it anew.',
      },
    );
  return {
    workspace: idOf(row.workspace),
    seq: row.seq,
    fence,
    name,
    kind: row.kind,
    origin: replica_of === null ? undefined : idOf(replica_of),
    snapshot: {
      id: idOf(row.id),
      number: row.number,
      created: row.created,
      root: rootOf(row),
      newBytes: row.new_bytes,
      storedBytes: row.stored_bytes,
      message: row.message,
      parent:
        row.parent_workspace === null || row.parent_number === null
          ? undefined
          : { workspace: idOf(row.parent_workspace), number: row.parent_number },
    },
  };
}

/** @throws integrity */
export function rootOf(row: Pick<SnapshotTable, 'root' | 'id'>): Root {
  return decodeRoot(new ByteReader(row.root, `the root of snapshot ${row.id}`));
}
