/** Floor 1: sealed bytes under names, on a local disk or an object store. */

export { cached } from './cached.ts';
export type { CacheOptions } from './cached.ts';
export type { GcsPlace } from './gcs-client.ts';
export { openGcsStore } from './gcs.ts';
export { limited } from './limited.ts';
export type { Limits } from './limited.ts';
export { openLocalStore } from './local.ts';
export { openMemoryStore } from './memory.ts';
export { isName } from './name.ts';
export { checkEndpoint, endpointFlaw } from './endpoint.ts';
export { openLine } from './pace.ts';
export type { Bandwidth, Line } from './pace.ts';
export { retrying } from './retrying.ts';
export type { Patience } from './retrying.ts';
export type { S3Place } from './s3-client.ts';
export { openS3Store } from './s3.ts';
export type { ServiceOptions } from './bucket.ts';
export { FIGURES, NO_TRAFFIC, Tally, monthOf } from './tally.ts';
export type { Figure, MonthOfTraffic, Traffic } from './tally.ts';
export type { Body, GetOptions, ListOptions, Store, StoredObject, WholeBody } from './store.ts';
