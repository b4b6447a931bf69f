/** Who may add to the workspace of a session: only who holds its latest lease. */

import { StrataError } from '../base/index.ts';
import type { Transaction, WorkspaceTable } from '../db/index.ts';

/** Ends all leases of a workspace before this one. @returns what who holds the lease has to name when he commits */
export async function takeFence(tx: Transaction, workspace: string): Promise<number> {
  const { fence } = await tx
    .updateTable('workspaces')
    .set(({ eb }) => ({ fence: eb('fence', '+', 1) }))
    .where('id', '=', workspace)
    .returning('fence')
    .executeTakeFirstOrThrow();
  return fence;
}

/**
 * @param fence of the lease; undefined: whoever saves has none
 * @throws lease_lost if there is a later lease; refused if it is a session's, and none was named
 */
export async function checkFence(
  tx: Transaction,
  workspace: Pick<WorkspaceTable, 'id' | 'name' | 'fence'>,
  fence: number | undefined,
): Promise<void> {
  if (fence === undefined) return checkNoSession(tx, workspace);
  if (fence === workspace.fence) return;
  throw new StrataError(
    'lease_lost',
    `the lease on ${workspace.name} is over: it was number ${fence}, and ${workspace.fence} is held by now`,
    {
      hint: `Another runner may have it: \`strata sessions get ${workspace.name}\` says which. What is only here is kept beside it.`,
      details: { workspace: workspace.name, fence, current: workspace.fence },
    },
  );
}

/** @throws refused */
export async function checkNoSession(
  tx: Transaction,
  { id, name }: Pick<WorkspaceTable, 'id' | 'name'>,
): Promise<void> {
  const session = await tx
    .selectFrom('sessions')
    .select(['id', 'state'])
    .where('workspace', '=', id)
    .where('expired', 'is', null)
    .executeTakeFirst();
  if (session === undefined) return;
  throw new StrataError('refused', `${name} is the workspace of a session, which is ${session.state}`, {
    hint: `\`strata sessions checkpoint ${name}\` saves what is in it; \`strata workspaces fork ${name} NAME\` makes a workspace of your own.`,
    details: { workspace: name, session: session.id, state: session.state },
  });
}
