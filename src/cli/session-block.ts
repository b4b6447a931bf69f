/** One session as people read it: a line for each thing that there is to know. */

import type { SessionInfo } from '../session/index.ts';
import { oneLine } from './columns.ts';
import { counted, formatAge, formatBytes, formatDate, table } from './format.ts';
import { durabilityText, hasUnsaved, latestOf, reasonText } from './session-durability.ts';
import { lengthText } from './session-shapes.ts';

export interface BlockOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** As it was called. */
  readonly program: string;
  /** What the configuration allows, in milliseconds; told where it has cut short, or prolonged, what was asked for. */
  readonly range?: { readonly min: number; readonly max: number } | undefined;
}

const MIB = 1024 * 1024;

/** By what a quota is kept, in words; others are told as they are. */
const MEANS: Readonly<Record<string, string>> = {
  filesystem: 'a file system of its own',
  project: 'a quota of the kernel',
  watch: 'a watch that ends commands',
};

export function sessionLines(session: SessionInfo, options: BlockOptions): string[] {
  const { id, name, agent, directory, labels, conflicts, idleTimeout, state } = session;
  const rows: (readonly [string, string | undefined])[] = [
    ['state', stateText(session, options.now)],
    ['id', id === name ? undefined : id],
    ['agent', agent === '' ? undefined : oneLine(agent)],
    ['labels', labelsText(labels)],
    ['runner', runnerText(session)],
    ['directory', directory === undefined ? undefined : oneLine(directory)],
    ['storage', `${session.storageType}, mobility ${session.mobility}`],
    ['quota', quotaText(session)],
    ['checkpoint', checkpointText(session, options.now)],
    ['files', durabilityText(session)],
    [
      'idle',
      state === 'active' && idleTimeout > 0 ? `suspended after ${lengthText(idleTimeout)}` : undefined,
    ],
    ['retention', retentionText(session, options)],
    ...conflicts.map(
      (each) => ['conflict', `${each} has what a runner had when its lease was over`] as const,
    ),
  ];
  const told = rows.flatMap(([what, text]) => (text === undefined ? [] : [[`  ${what}`, text]]));
  return [...table(told, ['left', 'left']), ...nextLines(session, options)];
}

function stateText(session: SessionInfo, now: number): string {
  const { state, runningTasks, terminated, held } = session;
  const why = reasonText(session);
  const parts = [
    terminated === undefined ? state : `${state} ${formatAge(terminated, now)}`,
    ...(runningTasks > 0 ? [`${counted(runningTasks, 'command')} at work in it`] : []),
    ...(held ? ['held'] : []),
  ];
  return why === undefined ? parts.join(', ') : `${parts.join(', ')}: ${why}`;
}

function labelsText(labels: SessionInfo['labels']): string | undefined {
  const pairs = Object.entries(labels).map(([name, value]) => oneLine(`${name}=${value}`));
  return pairs.length === 0 ? undefined : pairs.join(', ');
}

function runnerText({ runner, lastRunner, region }: SessionInfo): string {
  if (runner !== undefined) return `${runner}, region ${region}`;
  return lastRunner === undefined
    ? `none yet, region ${region}`
    : `none; last ${lastRunner}, region ${region}`;
}

/** What is used is counted by a save, and by nobody between two. */
function quotaText({ usedBytes, quotaMb, quotaMeans, snapshot, expired }: SessionInfo): string {
  const when = snapshot === undefined || expired !== undefined ? '' : ' at the last checkpoint';
  const used = `${formatBytes(usedBytes)} of ${formatBytes(quotaMb * MIB)}${when}`;
  return quotaMeans === undefined ? used : `${used}, kept by ${MEANS[quotaMeans] ?? quotaMeans}`;
}

function checkpointText(session: SessionInfo, now: number): string {
  const { snapshotCreated, storeRegion, region } = session;
  const latest = latestOf(session);
  if (latest === undefined) return 'none';
  const age = snapshotCreated === undefined ? [] : [formatAge(snapshotCreated, now)];
  const elsewhere = storeRegion === region ? [] : [`in region ${storeRegion}`];
  return [latest, ...age, ...elsewhere].join(', ');
}

function retentionText({ retention, expired, held }: SessionInfo, { range }: BlockOptions): string {
  const { requested, effective, clamped, expiresAt } = retention;
  const length = lengthText(effective);
  const asked = requested === undefined ? '' : `${lengthText(requested)} was asked for`;
  const allowed =
    range === undefined ? '' : `, and ${lengthText(range.min)} to ${lengthText(range.max)} is allowed`;
  const more = clamped ? `; ${asked}${allowed}` : '';
  if (expired !== undefined) return `over since ${formatDate(expired)}`;
  if (expiresAt === undefined) return `${length} after its end${more}`;
  return `until ${formatDate(expiresAt)} (${length})${held ? ', and as long as it is held' : ''}${more}`;
}

/** What to do about files that are in no checkpoint. */
function nextLines(session: SessionInfo, { program }: BlockOptions): string[] {
  const { name, lastRunner, state } = session;
  if (!hasUnsaved(session) || state !== 'suspended') return [];
  const there = lastRunner === undefined ? '' : ` --runner ${lastRunner}`;
  return [
    '',
    ...table(
      [
        [`  ${program} sessions suspend ${name}`, 'tries again to save them'],
        [`  ${program} sessions resume ${name}${there}`, 'goes on with them'],
        [`  ${program} sessions resume ${name} --accept-loss`, 'goes on elsewhere without them'],
      ],
      ['left', 'left'],
    ),
  ];
}
