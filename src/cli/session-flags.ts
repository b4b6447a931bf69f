/** What a new session is to be like, as flags say it. */

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import type { Mobility, SessionState, StorageType } from '../db/index.ts';
import type { CreateSessionOptions } from '../engine/index.ts';
import { choice, lengthOfTime, nonEmpty } from './argument.ts';

export type LabelFlags = Readonly<Record<string, string>>;

export interface CreateFlags {
  readonly name?: string;
  readonly agent?: string;
  readonly labels?: LabelFlags;
  readonly workspaceQuota?: number;
  readonly workspaceMobility?: Mobility;
  readonly storageType?: StorageType;
  readonly region?: string;
  readonly runner?: string;
  readonly idleTimeout?: number;
  readonly retention?: number;
  readonly from?: string;
  readonly checkpointEach?: boolean;
}

export const MOBILITIES = ['local', 'shared', 'object_sync'] as const satisfies readonly Mobility[];
export const STORAGE_TYPES = ['volume', 'pvc', 'cas'] as const satisfies readonly StorageType[];
export const STATES = [
  'pending',
  'active',
  'suspending',
  'suspended',
  'resuming',
  'terminated',
] as const satisfies readonly SessionState[];

export const RETENTION = 'how long its files stay once it has ended, as in 7d; within what is allowed';

/** Those of `create` and `fork`. */
export function addSessionFlags(command: Command): Command {
  return command
    .option('--name <name>', 'of the session and of its workspace (default: a new one)', nonEmpty)
    .option('--agent <agent>', 'who will work in it; told to its commands as $STRATA_AGENT', nonEmpty)
    .option('--labels <labels>', 'NAME=VALUE, with commas between several; repeatable', labels)
    .option('--workspace-quota <mb>', 'what its files may come to, in MB: 20480 is 20 GB', quota)
    .addOption(choice('--workspace-mobility <mobility>', 'where it may be resumed', MOBILITIES))
    .addOption(choice('--storage-type <type>', 'what holds its files while it is at work', STORAGE_TYPES))
    .option('--region <region>', 'where it is to work, and its checkpoints are stored', nonEmpty)
    .option('--runner <runner>', 'the one that is to have it', nonEmpty)
    .option('--idle-timeout <time>', 'suspend it when nobody used it for so long; 0: never', lengthOfTime)
    .option('--retention <time>', RETENTION, lengthOfTime)
    .option('--checkpoint-each', 'make a checkpoint after each command');
}

/** What no flag says is left out: a fork takes it from what it is one of. */
export function sessionOptions(flags: CreateFlags): CreateSessionOptions {
  const { workspaceQuota, workspaceMobility, ...same } = flags;
  return {
    ...same,
    ...(workspaceQuota !== undefined && { quotaMb: workspaceQuota }),
    ...(workspaceMobility !== undefined && { mobility: workspaceMobility }),
  };
}

/** As the engine has it: 64 TiB, above which a count of bytes is no exact number for long. */
const MOST_MB = 64 * 1024 * 1024;

/** MiB of what people write instead of a number of MB. */
const UNITS: Readonly<Record<string, number>> = { m: 1, g: 1024, t: 1024 * 1024 };

/** @returns MiB */
export function quota(text: string): number {
  const mb = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (mb !== undefined && mb >= 1 && mb <= MOST_MB) return mb;
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?([mgt])(?:i?b)?$/i.exec(text) ?? [];
  const meant = Number(amount) * (UNITS[unit.toLowerCase()] ?? NaN);
  const isMeant = Number.isInteger(meant) && meant >= 1 && meant <= MOST_MB;
  throw new InvalidArgumentError(
    `${text === '' ? 'It is empty. ' : ''}Give a whole number of MB from 1 to ${MOST_MB}; 1 MB is 1 MiB.` +
      (isMeant ? `\n(Did you mean ${meant}?)` : ''),
  );
}

export function labels(text: string, earlier: LabelFlags = {}): LabelFlags {
  // One without a prototype: `__proto__` is a name like any other.
  const all = Object.assign(Object.create(null) as Record<string, string>, earlier);
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new InvalidArgumentError('Give NAME=VALUE, as in team=web,stage=test.');
    const name = pair.slice(0, equals);
    if (Object.hasOwn(all, name)) throw new InvalidArgumentError(`The label ${name} is given twice.`);
    all[name] = pair.slice(equals + 1);
  }
  return all;
}
