/** A store that was put back to an older state: what this home has published in it, or seen there, is gone. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { idOf } from '../vault/index.ts';
import type { WorkspaceId } from '../vault/index.ts';
import { findWorkspace } from './catalog.ts';
import type { WorkspaceWorld } from './world.ts';

type World = Pick<WorkspaceWorld, 'vault' | 'database'>;

/**
 * A snapshot on top of one that only the database has would go on from what nobody else can see, and refer to packs that are gone.
 *
 * @throws refused if the newest head of the workspace that was published is not in the store
 */
export async function checkStillThere(world: World, name: string, options: Cancellable): Promise<void> {
  const { database, vault } = world;
  const find = async () => {
    const workspace = await findWorkspace(database.kysely, toHex(vault.id), name);
    return workspace && newestPublished(world, workspace.id);
  };
  const row = await find();
  if (row === undefined || (await vault.hasHead(idOf<WorkspaceId>(row.workspace), row.seq, options))) return;
  // Removed meanwhile, with its workspace or because there is a later one.
  if ((await find())?.seq !== row.seq) return;
  throw olderState(`${name}@${row.number}`);
}

/**
 * For a home that reads: of a workspace the latest head stays, so one of which there are only earlier ones was put back. One of which
 * there is none was removed, as far as anybody can tell.
 *
 * @throws refused
 */
export async function checkNotOlder(world: World, options: Cancellable): Promise<void> {
  const listed = new Map<string, number>();
  for await (const { workspace, seq } of world.vault.headNumbers(options)) listed.set(toHex(workspace), seq);
  const rows = await world.database.kysely
    .selectFrom('workspaces')
    .select(['id', 'name'])
    .where('tenant', '=', toHex(world.vault.id))
    .execute();
  for (const { id, name } of rows) {
    const seen = await newestPublished(world, id);
    const latest = listed.get(id);
    if (seen !== undefined && latest !== undefined && latest < seen.seq)
      throw olderState(`${name}@${seen.number}`);
  }
}

/**
 * What the store has lost and the database still knows is published by the next save of its workspace: it was acknowledged, and its
 * number is not given to anything else.
 */
export async function publishAgain(world: World, options: Cancellable): Promise<void> {
  const { database, vault } = world;
  const listed = new Set<string>();
  for await (const { workspace, seq } of vault.headNumbers(options)) listed.add(`${toHex(workspace)} ${seq}`);
  const rows = await database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['snapshots.id', 'snapshots.workspace', 'snapshots.seq'])
    .where('workspaces.tenant', '=', toHex(vault.id))
    .where('snapshots.published', '=', 1)
    .execute();
  for (const { id, workspace, seq } of rows)
    if (!listed.has(`${workspace} ${seq}`))
      await database.kysely.updateTable('snapshots').set({ published: 0 }).where('id', '=', id).execute();
}

function newestPublished({ database }: World, workspace: string) {
  return database.kysely
    .selectFrom('snapshots')
    .select(['workspace', 'number', 'seq'])
    .where('workspace', '=', workspace)
    .where('published', '=', 1)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
}

function olderState(snapshot: string): StrataError {
  return new StrataError(
    'refused',
    `the store has lost ${snapshot}, which was there: it may have been put back to an older state`,
    {
      hint: 'Put back what is missing: `strata store verify` names it. To go on from what the store has, run `strata store rebuild-index` in the home that owns it, or attach it from a new home.',
      details: { snapshot },
    },
  );
}
