/** What there is to say of a home as a whole. */

import { EXIT_CODES, StrataError, isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { DEFAULT_REGION } from './config-regions.ts';

export const DEFAULT_TENANT = 'default';

export function readOnlyHome(home: string): StrataError {
  return new StrataError('read_only', `the home ${home} can only be read`, {
    hint: 'Remount it read-write, or copy it to a place that can be written to and use that one.',
    details: { home },
  });
}

export function nothingYet(home: string, tenant: string, region: string): StrataError {
  const whose = tenant === DEFAULT_TENANT ? '' : ` for tenant ${tenant}`;
  const where = region === DEFAULT_REGION ? '' : `region ${region} of `;
  return new StrataError('not_found', `nothing was saved${whose} in ${where}${home} yet`, {
    hint: '`strata workspaces save DIR` makes the first snapshot; --home and $STRATA_HOME name another place.',
    details: { home, tenant, region },
  });
}

/** @param place as messages name it */
export function noStore(place: string): StrataError {
  return new StrataError('not_found', `there is no store at ${place}`, {
    hint: 'Check the address: bucket and prefix, the endpoint, or the directory. A store has an object `format` right there.',
    details: { place },
  });
}

/** A workspace is saved where it lives. */
export function livesElsewhere(workspace: string, region: string, wanted: string): StrataError {
  return new StrataError('refused', `workspace ${workspace} lives in region ${region}, not in ${wanted}`, {
    hint: 'Leave --region out to save it where it lives; `strata workspaces replicate` keeps a copy of it in another region.',
    details: { workspace, region },
  });
}

/** Exit codes of what stores, and what is in them, can be to blame for. */
const OF_STORES: ReadonlySet<number> = new Set([
  EXIT_CODES.integrity,
  EXIT_CODES.refused,
  EXIT_CODES.unavailable,
]);

/** Says of a failed replication which regions it was between: what a store says names its bucket or its directory, at best. */
export function betweenRegions(error: unknown, ref: string, from: string, to: string): unknown {
  if (!isStrataError(error) || !OF_STORES.has(EXIT_CODES[error.code])) return error;
  const { code, message, hint, details } = error;
  return new StrataError(code, `${ref} from region ${from} to region ${to}: ${message}`, {
    hint,
    details: { ...details, from, to },
    cause: error,
  });
}

/** Two calls waited for one opening, and it was the other's signal that ended it. */
export function isOfAnother(error: unknown, { signal }: Cancellable): boolean {
  return isStrataError(error, 'cancelled') && signal?.aborted !== true;
}
