/** What a session is to be, checked, and the row that it becomes. */

import { StrataError, thisProcess } from '../base/index.ts';
import type { Mobility, SessionTable, StorageType, Transaction } from '../db/index.ts';
import { checkName } from '../workspace/index.ts';
import { checkStorageType } from './mobility.ts';
import type { Labels } from './results.ts';
import { isSessionId } from './rows.ts';
import type { SessionWorld } from './world.ts';

export interface NewSession {
  readonly id: string;
  /** Of its workspace too. */
  readonly name: string;
  readonly agent: string;
  readonly storageType: StorageType;
  readonly mobility: Mobility;
  /** Where its snapshots are stored. */
  readonly storeRegion: string;
  /** Where it is to be at work. */
  readonly region: string;
  readonly quotaMb: number;
  /** Milliseconds; 0: never. */
  readonly idleTimeout: number;
  readonly retention: number | undefined;
  readonly checkpointEach: boolean;
  readonly labels: Labels;
}

const MAX_LABELS = 64;
const MAX_LABEL = 256;
/** 64 TiB: above it a byte count is no exact number for long. */
const MAX_QUOTA_MB = 64 * 1024 * 1024;

/** @throws bad_input */
export function checkNewSession(wish: NewSession): void {
  const { id, name, quotaMb, labels, agent } = wish;
  checkName(name);
  if (isSessionId(name) && name !== id)
    throw new StrataError(
      'bad_input',
      `${name} looks like the id of a session, which no other one may be called by`,
      {
        hint: 'Choose another name.',
      },
    );
  checkStorageType(wish.storageType);
  if (!Number.isSafeInteger(quotaMb) || quotaMb < 1 || quotaMb > MAX_QUOTA_MB)
    throw new StrataError('bad_input', `${quotaMb} is no quota: it is a whole number of MB, from 1`, {
      hint: 'As in --workspace-quota 20480, which is 20 GB; 1 MB is 1 MiB.',
      details: { quotaMb },
    });
  const pairs = Object.entries(labels);
  if (pairs.length > MAX_LABELS)
    throw new StrataError('bad_input', `${pairs.length} labels are too many: ${MAX_LABELS} at most`, {});
  for (const text of [...pairs.flat(), agent])
    // eslint-disable-next-line no-control-regex
    if (text.length > MAX_LABEL || /[\0-\x1f\x7f]/.test(text))
      throw new StrataError(
        'bad_input',
        `${JSON.stringify(text.slice(0, 80))} is no label and no name of an agent`,
        {
          hint: `They have ${MAX_LABEL} characters at most, all of which can be printed.`,
        },
      );
  if (pairs.some(([key]) => key === ''))
    throw new StrataError('bad_input', 'a label has no name', { hint: 'As in --labels team=web.' });
}

type Start = Pick<SessionTable, 'state' | 'workspace' | 'used' | 'durability'> & Partial<SessionTable>;

/** @throws already_exists */
export async function insertSession(
  tx: Transaction,
  { tenant, clock }: SessionWorld,
  wish: NewSession,
  start: Start,
): Promise<SessionTable> {
  const now = clock();
  const row: SessionTable = {
    id: wish.id,
    tenant,
    name: wish.name,
    agent: wish.agent,
    store_region: wish.storeRegion,
    region: wish.region,
    storage_type: wish.storageType,
    mobility: wish.mobility,
    quota_mb: wish.quotaMb,
    quota_means: null,
    runner: null,
    last_runner: null,
    fence: 0,
    lease_until: null,
    holder: null,
    operation: null,
    unsaved: 0,
    unsaved_fence: null,
    reason: null,
    tries: 0,
    retry_at: null,
    held: 0,
    idle_timeout: wish.idleTimeout,
    checkpoint_each: wish.checkpointEach ? 1 : 0,
    last_active: now,
    retention_requested: wish.retention ?? null,
    retention: null,
    terminated: null,
    expires: null,
    warned: 0,
    expired: null,
    labels: JSON.stringify(wish.labels),
    created: now,
    ...start,
  };
  await tx.insertInto('sessions').values(row).execute();
  return row;
}

/** What the row of one has that a process is making. */
export function inTheMaking(): Pick<SessionTable, 'holder' | 'operation'> {
  return { holder: thisProcess(), operation: 'create' };
}
