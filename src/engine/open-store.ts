/** From the place of a store in the configuration to the store, with what a service on a line needs around it. */

import { StrataError } from '../base/index.ts';
import type { Log } from '../base/index.ts';
import {
  cached,
  limited,
  openGcsStore,
  openLine,
  openLocalStore,
  openS3Store,
  retrying,
} from '../store/index.ts';
import type { Store, Tally } from '../store/index.ts';
import { isKept, isKeptOnPut } from '../vault/index.ts';
import type { Config } from './config.ts';
import type { PlaceConfig } from './config-place.ts';

const MB = 2 ** 20;
/** Milliseconds that a request may be silent, at most: services answer in less than one second. */
const LONGEST_IDLE = 30_000;
/** A request that falls silent must leave time for others. */
const TRIES = 4;

export interface OpenStoreOptions {
  readonly log?: Log | undefined;
  /** Counts what a service is asked for. */
  readonly tally: Tally;
}

/** Loads no SDK and asks for nothing yet. */
export function openStore(
  place: PlaceConfig,
  { limits, cache }: Config['storage'],
  { log, tally }: OpenStoreOptions,
): Store {
  if (place.provider === 'local') return openLocalStore(place.local.path);
  const rate = (megabytes: number | undefined) => (megabytes === undefined ? undefined : megabytes * MB);
  const line = openLine({ up: rate(limits.uploadMb), down: rate(limits.downloadMb) });
  const budget = limits.retrySeconds * 1000;
  const service = onService(place, { line, tally, idle: Math.min(LONGEST_IDLE, budget / TRIES) });
  // A request that pauses between two tries keeps no other one waiting.
  const patient = retrying(limited(service, limits), {
    budget,
    failed: (error) => log?.(`tried again: ${error.message}`),
  });
  return cached(patient, {
    directory: cache.path,
    identity: identityOf(place),
    most: cache.sizeMb * MB,
    keeps: isKept,
    keepsPut: isKeptOnPut,
    onHit: tally.onHit,
    onMiss: tally.onMiss,
    ...(log !== undefined && { log }),
  });
}

/** What tells two stores apart. How a bucket is reached may change. */
function identityOf({ provider, s3, gcs }: PlaceConfig): string {
  const { bucket, prefix, endpoint } = (provider === 's3' ? s3 : gcs)!;
  return JSON.stringify([provider, endpoint ?? null, bucket, prefix.replace(/\/$/, '')]);
}

function onService({ provider, s3, gcs }: PlaceConfig, options: Parameters<typeof openS3Store>[1]): Store {
  if (provider === 's3' && s3 !== undefined) return openS3Store(s3, options);
  if (provider === 'gcs' && gcs !== undefined) return openGcsStore(gcs, options);
  throw new StrataError('internal', `a store of ${provider} has no bucket`);
}
