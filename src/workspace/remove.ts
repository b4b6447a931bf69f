/** Snapshots go: their rows, then their heads. What only they needed is left to the collector. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import { idOf } from '../vault/index.ts';
import type { WorkspaceId } from '../vault/index.ts';
import { getSnapshot, getWorkspace } from './catalog.ts';
import { publishHeads } from './commit.ts';
import { glanceAtClock, lookAtClock } from './clock-brake.ts';
import { doubtOf } from './clock-leap.ts';
import type { ClockDoubt } from './clock-leap.ts';
import { tell } from './events.ts';
import { checkNoSession } from './fence.ts';
import { checkName, parseWholeRef } from './name.ts';
import { chooseToForget } from './keep.ts';
import type { KeepRules } from './keep.ts';
import type { ForgetResult } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

export interface RemoveOptions extends Cancellable {
  /** For who knows that a session needs it no longer. */
  readonly ofSession?: boolean | undefined;
}

/** Removes a workspace with all its snapshots. Forks of it stay whole. @throws workspace_not_found; refused if it is a session's */
export async function removeWorkspace(
  world: WorkspaceWorld,
  name: string,
  options: RemoveOptions = {},
): Promise<ForgetResult> {
  checkName(name);
  return remove(world, name, { ...options, whole: true }, async (_, rows) => rows);
}

export interface ForgetOptions extends Cancellable, KeepRules {
  /** Only tells what would be forgotten. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Removes snapshots of a workspace: the one that is named, or those that no rule keeps. The latest stays, and a rule about ages keeps
 * everything while the clock is not believed.
 *
 * @param ref `NAME` with rules, or `NAME@SNAPSHOT` without
 * @throws bad_input, refused for the latest, workspace_not_found, snapshot_not_found
 */
export async function forgetSnapshots(
  world: WorkspaceWorld,
  ref: string,
  options: ForgetOptions = {},
): Promise<ForgetResult> {
  const { workspace: name, ...wanted } = parseWholeRef(ref, 'Whole snapshots are forgotten.');
  const { keepLast, keepWithin } = options;
  const hasRules = keepLast !== undefined || keepWithin !== undefined;
  if (hasRules === (wanted.snapshot !== undefined)) {
    throw new StrataError(
      'bad_input',
      hasRules ? 'rules are for a whole workspace, not for one snapshot' : 'nothing says what to keep',
      { hint: `Give --keep-last or --keep-within for ${name}, or name one snapshot, as in ${name}@1.` },
    );
  }
  const tenant = toHex(world.vault.id);
  let clock: ClockDoubt | undefined;
  const result = await remove(world, name, options, async (tx, rows) => {
    if (!hasRules) return [await one(tx, tenant, { workspace: name, ...wanted }, rows.at(-1)?.number)];
    if (keepWithin === undefined) return chooseToForget(rows, options, world.clock());
    const verdict = await (options.dryRun === true ? glanceAtClock : lookAtClock)(tx, world);
    clock = doubtOf(verdict);
    // Else nothing is known to be older than what the rule keeps.
    return chooseToForget(rows, options, verdict.believed ? verdict.now : -Infinity);
  });
  return { ...result, clock };
}

interface HeadOf {
  readonly number: number;
  readonly seq: number;
}

interface DatedHead extends HeadOf {
  readonly created: number;
}

/**
 * @param whole the workspace goes too, once its snapshots are gone
 * @param choose among its snapshots, the oldest first; in the transaction that removes them
 */
async function remove(
  world: WorkspaceWorld,
  name: string,
  {
    dryRun = false,
    whole = false,
    signal,
    ofSession = false,
  }: RemoveOptions & { readonly dryRun?: boolean | undefined; readonly whole?: boolean },
  choose: (tx: Transaction, rows: readonly DatedHead[]) => Promise<readonly HeadOf[]>,
): Promise<ForgetResult> {
  if (!dryRun) {
    await world.vault.checkOwner({ signal });
    // A head that is published after its row is gone would bring the snapshot back one day.
    await publishHeads(world, name);
  }
  const { id, forgotten, kept } = await world.database.transaction(
    async (tx) => {
      const workspace = await getWorkspace(tx, toHex(world.vault.id), name);
      if (whole && !ofSession) await checkNoSession(tx, workspace);
      const rows = await tx
        .selectFrom('snapshots')
        .select(['number', 'seq', 'created'])
        .where('workspace', '=', workspace.id)
        .orderBy('number')
        .execute();
      const chosen = await choose(tx, rows);
      const numbers = new Set(chosen.map(({ number }) => number));
      if (!dryRun) await removeRows(tx, world, workspace.id, chosen);
      if (whole) await tx.deleteFrom('workspaces').where('id', '=', workspace.id).execute();
      if (!dryRun) await tellGone(tx, world, name, chosen, whole);
      return { id: workspace.id, forgotten: chosen, kept: rows.filter(({ number }) => !numbers.has(number)) };
    },
    { signal },
  );
  if (!dryRun) await deleteHeads(world, id, forgotten);
  const numbersOf = (rows: readonly HeadOf[]) => rows.map(({ number }) => number);
  return { workspace: name, forgotten: numbersOf(forgotten), kept: numbersOf(kept) };
}

async function one(
  tx: Transaction,
  tenant: string,
  ref: Parameters<typeof getSnapshot>[2],
  latest: number | undefined,
): Promise<HeadOf> {
  const { row } = await getSnapshot(tx, tenant, ref);
  if (row.number !== latest) return row;
  throw new StrataError('refused', `${ref.workspace}@${row.number} is the latest snapshot: it stays`, {
    hint: `\`strata workspaces rm ${ref.workspace}\` removes the workspace with all of them.`,
  });
}

/** It is written down which heads are gone: one that comes back, or stays by a crash, is none that the database has lost. */
async function removeRows(
  tx: Transaction,
  { vault, clock }: WorkspaceWorld,
  workspace: string,
  rows: readonly HeadOf[],
): Promise<void> {
  const removed = clock();
  for (const { seq } of rows) {
    await tx.deleteFrom('snapshots').where('workspace', '=', workspace).where('seq', '=', seq).execute();
    await tx
      .insertInto('removed_heads')
      .values({ tenant: toHex(vault.id), workspace, seq, removed })
      .execute();
  }
}

/** Of a workspace that is gone with all its snapshots once, else of each snapshot. */
async function tellGone(
  tx: Transaction,
  world: WorkspaceWorld,
  name: string,
  rows: readonly HeadOf[],
  whole: boolean,
): Promise<void> {
  const { region } = world;
  if (whole) {
    const details = { snapshots: rows.length, region };
    return tell(tx, world, { kind: 'workspace.removed', workspace: name, details });
  }
  for (const { number } of rows) {
    const details = { snapshot: number, region };
    await tell(tx, world, { kind: 'snapshot.forgotten', workspace: name, details });
  }
}

async function deleteHeads(
  { vault }: WorkspaceWorld,
  workspace: string,
  rows: readonly HeadOf[],
): Promise<void> {
  try {
    for (const { seq } of rows) await vault.deleteHead(idOf<WorkspaceId>(workspace), seq);
  } catch (error) {
    throw isStrataError(error) ? stillTold(error) : error;
  }
}

/** It has happened; who attaches the store meanwhile finds what is gone here. */
function stillTold({ code, message, hint = '', details }: StrataError): StrataError {
  return new StrataError(code, `forgotten here, but the store still tells of it: ${message}`, {
    hint: `${hint} \`strata store gc\` takes away what is left then.`.trim(),
    details,
  });
}
