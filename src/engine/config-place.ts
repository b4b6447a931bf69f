/** Where a store is, as a configuration says it: on a local disk, or in a bucket. */

import { flag, oneOf, serviceUrl, text } from './config-value.ts';
import type { Shape, Values } from './config-yaml.ts';
import type { KeyWorld } from './root-keys.ts';

/** What stands in the file; `provider` chooses which section counts. */
export interface PlaceConfig {
  readonly provider: 'local' | 's3' | 'gcs';
  /** An absolute path. */
  readonly local: { readonly path: string };
  readonly s3: S3Config | undefined;
  readonly gcs: GcsConfig | undefined;
}

export interface S3Config {
  readonly bucket: string;
  readonly region: string | undefined;
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
  /** An absolute path. */
  readonly caFile: string | undefined;
}

export interface GcsConfig {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint: string | undefined;
}

export const PLACE = {
  provider: oneOf('local', 's3', 'gcs'),
  local: { path: text },
  s3: {
    bucket: text,
    region: text,
    prefix: text,
    endpoint: serviceUrl,
    force_path_style: flag,
    ca_file: text,
  },
  gcs: { bucket: text, prefix: text, endpoint: serviceUrl },
} as const satisfies Shape;

export type PlaceValues = Values<typeof PLACE>;

/** An absolute path of a given one, or of the one in the home that stands for it. */
export type FindPath = (given: string | undefined, otherwise: string) => string;

/** @param otherwise where in the home a local store is if nothing is said */
export function placeOf(
  { provider = 'local', local, s3, gcs }: Partial<PlaceValues>,
  path: FindPath,
  otherwise = 'store',
): PlaceConfig {
  return {
    provider,
    local: { path: path(local?.path, otherwise) },
    s3: s3?.bucket === undefined ? undefined : s3Of({ ...s3, bucket: s3.bucket }, path),
    gcs:
      gcs?.bucket === undefined
        ? undefined
        : { bucket: gcs.bucket, prefix: gcs.prefix ?? '', endpoint: gcs.endpoint },
  };
}

function s3Of(given: PlaceValues['s3'] & { readonly bucket: string }, path: FindPath): S3Config {
  const { bucket, region, prefix = '', endpoint, force_path_style, ca_file } = given;
  return {
    bucket,
    region,
    prefix,
    endpoint,
    // Of the services that somebody runs himself few have a name in DNS for each bucket.
    forcePathStyle: force_path_style ?? endpoint !== undefined,
    caFile: ca_file === undefined ? undefined : path(ca_file, ''),
  };
}

/** @returns what is missing for the provider, as the end of the sentence `<section>.…` */
export function missingOf({ provider, ...sections }: PlaceValues): string | undefined {
  if (provider !== 's3' && provider !== 'gcs') return undefined;
  return sections[provider].bucket === undefined ? `${provider}.bucket` : undefined;
}

/** As people write it. */
export function placeText({ provider, local, s3, gcs }: PlaceConfig): string {
  if (provider === 'local') return local.path;
  const { bucket, prefix, endpoint } = (provider === 's3' ? s3 : gcs)!;
  const at = endpoint === undefined ? '' : ` at ${endpoint}`;
  return `${provider === 's3' ? 's3' : 'gs'}://${bucket}/${prefix}${at}`;
}

/** The variable of the environment that the client of a service takes its endpoint from, as the file names none; undefined: none. */
export function endpointVariable(
  { provider, s3, gcs }: PlaceConfig,
  env: KeyWorld['env'],
): string | undefined {
  const isSet = (name: string) => (env[name] ?? '') !== '';
  if (provider === 'gcs')
    return gcs?.endpoint === undefined ? ['STORAGE_EMULATOR_HOST'].find(isSet) : undefined;
  if (provider === 'local' || s3?.endpoint !== undefined) return undefined;
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined;
  return ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find(isSet);
}

/** Whether one of two stores is in the other, or is the other: each would take what the other has for its own. */
export function overlap(one: PlaceConfig, other: PlaceConfig): boolean {
  if (one.provider !== other.provider) return false;
  const [a, b] = [whereIs(one), whereIs(other)];
  return a.service === b.service && (a.path.startsWith(b.path) || b.path.startsWith(a.path));
}

function whereIs({ provider, local, s3, gcs }: PlaceConfig): {
  readonly service: string;
  readonly path: string;
} {
  const ended = (path: string) => `${path.replace(/\/+$/, '')}/`;
  if (provider === 'local') return { service: '', path: ended(local.path) };
  const { bucket, prefix, endpoint = '' } = (provider === 's3' ? s3 : gcs)!;
  return { service: ended(endpoint), path: ended(`${bucket}/${prefix}`) };
}
