/** Whether a store still has the heads that this home has published in it or seen there: it may have been put back to an older state. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { idOf } from '../vault/index.ts';
import type { WorkspaceId } from '../vault/index.ts';
import { findWorkspace } from './catalog.ts';
import { unknownHead } from './commit.ts';
import type { WorkspaceWorld } from './world.ts';

type World = Pick<WorkspaceWorld, 'vault' | 'database'>;

/**
 * Before a new snapshot: one on top of another that only the database has would go on from what nobody else can see, and refer to packs that are
 * gone; and one under a number that the store has already could never be published.
 *
 * @throws refused if the newest head of the workspace that was published is not in the store, or a later one is
 */
export async function checkHeads(
  world: WorkspaceWorld,
  name: string,
  options: Cancellable = {},
): Promise<void> {
  const { database, vault } = world;
  const find = () => findWorkspace(database.kysely, toHex(vault.id), name);
  for (let known = await find(); known !== undefined;) {
    const id = idOf<WorkspaceId>(known.id);
    const newest = await newestPublished(world, known.id);
    const listed = await vault.headsFrom(id, newest?.seq ?? known.seq, options);
    const latest = listed.at(-1) ?? 0;
    if (latest > known.seq) {
      // A head is committed before it is published: so if another save was faster, the database tells of it by now.
      const now = await find();
      if (now?.seq === known.seq) throw unknownHead(name, latest);
      known = now;
      continue;
    }
    // A listing alone proves nothing.
    if (newest === undefined || listed.includes(newest.seq) || (await vault.hasHead(id, newest.seq, options)))
      return;
    // Removed meanwhile, with its workspace or because there is a later one.
    if ((await newestPublished(world, known.id))?.seq !== newest.seq) return;
    throw olderState(`${name}@${newest.number}`);
  }
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
  const { kysely } = world.database;
  for (const { workspace, id } of await unlisted(world, options))
    await kysely
      .updateTable('snapshots')
      .set({ published: 0 })
      .where('workspace', '=', workspace)
      .where('id', '=', id)
      .execute();
}

/** What the store has no more was removed by the home that owned it meanwhile. It is gone here as well: its files may have been collected. */
export async function forgetGone(world: World, options: Cancellable): Promise<void> {
  const { database, vault } = world;
  const tenant = toHex(vault.id);
  const gone = await unlisted(world, options);
  await database.transaction(async (tx) => {
    // A replica in another region has the same id, and is not gone.
    for (const { workspace, id } of gone)
      await tx.deleteFrom('snapshots').where('workspace', '=', workspace).where('id', '=', id).execute();
    const emptied = gone.map(({ workspace }) => workspace);
    for (const workspace of new Set(emptied)) {
      const left = await tx
        .selectFrom('snapshots')
        .select('id')
        .where('workspace', '=', workspace)
        .executeTakeFirst();
      if (left === undefined)
        await tx.deleteFrom('workspaces').where('tenant', '=', tenant).where('id', '=', workspace).execute();
    }
  }, options);
}

/** Snapshots that were published, and of which the store lists no head. */
async function unlisted({ database, vault }: World, options: Cancellable) {
  const listed = new Set<string>();
  for await (const { workspace, seq } of vault.headNumbers(options)) listed.add(`${toHex(workspace)} ${seq}`);
  const rows = await database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['snapshots.id', 'snapshots.workspace', 'snapshots.seq'])
    .where('workspaces.tenant', '=', toHex(vault.id))
    .where('snapshots.published', '=', 1)
    .execute();
  return rows.filter(({ workspace, seq }) => !listed.has(`${workspace} ${seq}`));
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
