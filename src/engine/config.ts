/** What `strata.yaml` says, checked and completed. */

import { dirname, join, resolve } from 'node:path';

import { formatDuration, parseDuration } from '../base/index.ts';
import { executorsReader } from '../plan/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import type { MeansName } from '../quota/index.ts';
import { PLACE, missingOf, placeOf } from './config-place.ts';
import type { FindPath, PlaceConfig } from './config-place.ts';
import { DEFAULT_REGION, REGIONS, regionFlaws, regionsOf } from './config-regions.ts';
import type { RegionConfig } from './config-regions.ts';
import { command, count, duration, megabytes, oneOf, text } from './config-value.ts';
import { node, readYaml } from './config-yaml.ts';
import type { Shape, Values, YamlRecord } from './config-yaml.ts';

/** All paths are absolute. */
export interface Config {
  /** Undefined: there is no file, so everything is as by default. */
  readonly file: string | undefined;
  readonly home: string;
  readonly storage: PlaceConfig & {
    readonly encryption: KeySource;
    readonly limits: LimitsConfig;
    readonly cache: CacheConfig;
    readonly workspace: {
      readonly baseDir: string;
      /** 1 MB is 1 MiB. */
      readonly defaultQuotaMb: number;
      readonly retention: RetentionConfig;
      /** How quotas are kept; undefined: by the strongest means that the machine has. */
      readonly quotaMeans: MeansName | undefined;
    };
  };
  /** Stores besides that of `storage`, by name. */
  readonly regions: readonly RegionConfig[];
  readonly runs: {
    /** Milliseconds that the layers of a run are kept after it has ended: so long can it be restarted. */
    readonly retention: number;
  };
  readonly runner: RunnerConfig;
  /** As declared. None: whoever needs one takes a host of this machine. */
  readonly executors: readonly ExecutorDefinition[];
}

/** What may be asked of services, each store by itself. */
export interface LimitsConfig {
  /** Under way at a time. */
  readonly requests: number;
  /** MiB a second; undefined: without limit. */
  readonly uploadMb: number | undefined;
  readonly downloadMb: number | undefined;
  /** Seconds that a call is tried again which fails for a passing reason. */
  readonly retrySeconds: number;
}

/** What is kept here of stores on services. */
export interface CacheConfig {
  readonly path: string;
  /** 1 MB is 1 MiB. */
  readonly sizeMb: number;
}

/** What the home is as a runner of sessions. */
export interface RunnerConfig {
  readonly name: string;
  readonly region: string;
  /** Milliseconds that leases of `strata runner` last without being renewed. */
  readonly lease: number;
}

/** How long a workspace is kept once it has ended, in milliseconds; `min` ≤ `default` ≤ `max`. */
export interface RetentionConfig {
  readonly default: number;
  readonly max: number;
  readonly min: number;
}

/** Where the root key comes from. */
export type KeySource =
  | { readonly kind: 'key_file'; readonly path: string }
  | { readonly kind: 'passphrase_file'; readonly path: string }
  | { readonly kind: 'passphrase_env'; readonly variable: string }
  | { readonly kind: 'key_command'; readonly command: readonly string[] };

/** A configuration file, as it was found. */
export interface ConfigSource {
  readonly file: string;
  /** How it is named in errors. */
  readonly shown: string;
  readonly text: string;
}

/** What relative and missing paths mean. */
export interface Homes {
  readonly home: string;
  /** What `~/` at the start of a path stands for. */
  readonly user: string;
}

/** As many connections as there are to one service. */
const MAX_REQUESTS = 64;
/** A call that is tried for longer than a day hangs. */
const MAX_RETRY_SECONDS = 86_400;

const SHAPE = {
  runs: { retention: duration },
  executors: node(executorsReader),
  storage: {
    ...PLACE,
    limits: {
      requests: count(1, MAX_REQUESTS),
      upload_mb_per_second: megabytes,
      download_mb_per_second: megabytes,
      retry_seconds: count(1, MAX_RETRY_SECONDS),
    },
    cache: { path: text, size_mb: megabytes },
    encryption: { key_file: text, passphrase_file: text, passphrase_env: text, key_command: command },
    workspace: {
      base_dir: text,
      default_quota_mb: megabytes,
      retention: { default: duration, max: duration, min: duration },
      quota_means: oneOf('filesystem', 'project', 'watch'),
    },
  },
  runner: { name: text, region: text, lease: duration },
  regions: REGIONS,
} as const satisfies Shape;

/** How long people come back to a run that failed. */
const DEFAULT_RUN_RETENTION = '14d';
const DEFAULT_QUOTA_MB = 10_240;
const DEFAULT_RUNNER = 'home';
/** Long enough for a machine that is busy, short enough to wait for. */
const DEFAULT_LEASE = '30s';
/** One request fills a quick line for a moment only, and some services slow those down that come with hundreds. */
const DEFAULT_REQUESTS = 16;
/** A service that is started again is back by then. */
const DEFAULT_RETRY_SECONDS = 120;
const DEFAULT_CACHE_MB = 4096;
const DEFAULT_RETENTION = { default: '7d', max: '30d', min: '1d' } as const;

/**
 * Relative paths start at the directory of the file. No file: all defaults.
 *
 * @throws unknown_config_key if nothing else is wrong, bad_input; all flaws at once, in `details.problems`
 */
export async function parseConfig(source: ConfigSource | undefined, homes: Homes): Promise<Config> {
  if (source === undefined) return complete(undefined, {}, {}, homes);
  const record = await readYaml(source.text, SHAPE);
  if (record.flaws.count === 0) findContradictions(record, findPath(source.file, homes));
  if (record.flaws.count > 0) throw record.flaws.error(source.shown, { file: source.file });
  const { storage, ...rest } = record.values;
  return complete(source.file, storage, rest, homes);
}

type StorageValues = Values<typeof SHAPE.storage>;

function complete(
  file: string | undefined,
  storage: Partial<StorageValues>,
  { runs, runner, executors = [], regions = {} }: Partial<Omit<Values<typeof SHAPE>, 'storage'>>,
  homes: Homes,
): Config {
  const path = findPath(file, homes);
  const { limits, cache, workspace } = storage;
  return deepFreeze({
    file,
    home: homes.home,
    storage: {
      ...placeOf(storage, path),
      encryption: keySource(storage.encryption ?? {}, path),
      limits: {
        requests: limits?.requests ?? DEFAULT_REQUESTS,
        uploadMb: limits?.upload_mb_per_second,
        downloadMb: limits?.download_mb_per_second,
        retrySeconds: limits?.retry_seconds ?? DEFAULT_RETRY_SECONDS,
      },
      cache: { path: path(cache?.path, 'cache/objects'), sizeMb: cache?.size_mb ?? DEFAULT_CACHE_MB },
      workspace: {
        baseDir: path(workspace?.base_dir, 'workspaces'),
        defaultQuotaMb: workspace?.default_quota_mb ?? DEFAULT_QUOTA_MB,
        retention: retentionOf(workspace?.retention ?? {}),
        quotaMeans: workspace?.quota_means,
      },
    },
    regions: regionsOf(regions, path),
    runner: {
      name: runner?.name ?? DEFAULT_RUNNER,
      region: runner?.region ?? DEFAULT_REGION,
      lease: runner?.lease ?? parseDuration(DEFAULT_LEASE)!,
    },
    runs: { retention: runs?.retention ?? parseDuration(DEFAULT_RUN_RETENTION)! },
    executors,
  });
}

function findPath(file: string | undefined, homes: Homes): FindPath {
  return (given, otherwise) => {
    if (given === undefined || file === undefined) return join(homes.home, otherwise);
    return resolve(
      dirname(file),
      given.replace(/^~(?=\/|$)/, () => homes.user),
    );
  };
}

function keySource(given: StorageValues['encryption'], path: FindPath): KeySource {
  if (given.key_command !== undefined) return { kind: 'key_command', command: given.key_command };
  if (given.passphrase_env !== undefined) return { kind: 'passphrase_env', variable: given.passphrase_env };
  if (given.passphrase_file !== undefined)
    return { kind: 'passphrase_file', path: path(given.passphrase_file, '') };
  return { kind: 'key_file', path: path(given.key_file, 'keys/root.key') };
}

function retentionOf(given: StorageValues['workspace']['retention']): RetentionConfig {
  const length = (key: keyof RetentionConfig) => given[key] ?? parseDuration(DEFAULT_RETENTION[key])!;
  return { default: length('default'), max: length('max'), min: length('min') };
}

/** What no single value shows. */
function findContradictions({ values, offsets, flaws }: YamlRecord<typeof SHAPE>, path: FindPath): void {
  const { encryption, workspace } = values.storage;
  const offset = (key: string) => offsets.get(key) ?? 0;

  const [, ...others] = Object.keys(encryption);
  for (const key of others) {
    const second = `storage.encryption.${key}`;
    flaws.add(offset(second), `${second} is a second source of the root key: one is enough`);
  }
  const missing = missingOf(values.storage);
  if (missing !== undefined) {
    const { provider } = values.storage;
    flaws.add(
      offset('storage.provider'),
      `storage.provider is ${provider}, and storage.${missing} is missing`,
    );
  } else
    for (const [name, flaw] of regionFlaws(values.regions, placeOf(values.storage, path), path))
      flaws.add(offset(`regions.${name}`), flaw);
  const retention = retentionOf(workspace.retention);
  for (const [less, more] of [
    ['min', 'default'],
    ['default', 'max'],
  ] as const) {
    if (retention[less] <= retention[more]) continue;
    const section = 'storage.workspace.retention';
    const told = (key: keyof RetentionConfig) =>
      `${key} (${formatDuration(retention[key])}${workspace.retention[key] === undefined ? ' if not given' : ''})`;
    flaws.add(offset(section), `${section}: ${told(less)} is longer than ${told(more)}`);
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
