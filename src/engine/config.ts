/** What `strata.yaml` says, checked and completed. */

import { dirname, join, resolve } from 'node:path';

import { formatDuration, parseDuration } from '../base/index.ts';
import { executorsReader } from '../plan/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import { command, duration, flag, megabytes, oneOf, text } from './config-value.ts';
import { node, readYaml } from './config-yaml.ts';
import type { Shape, Values, YamlRecord } from './config-yaml.ts';

/** All paths are absolute. */
export interface Config {
  /** Undefined: there is no file, so everything is as by default. */
  readonly file: string | undefined;
  readonly home: string;
  readonly storage: {
    readonly provider: 'local' | 's3' | 'gcs';
    readonly local: { readonly path: string };
    readonly s3: S3Config | undefined;
    readonly gcs: { readonly bucket: string; readonly prefix: string } | undefined;
    readonly encryption: KeySource;
    readonly workspace: {
      readonly baseDir: string;
      /** 1 MB is 1 MiB. */
      readonly defaultQuotaMb: number;
      readonly retention: RetentionConfig;
    };
  };
  readonly runs: {
    /** Milliseconds that the layers of a run are kept after it has ended: so long can it be restarted. */
    readonly retention: number;
  };
  /** As declared. None: whoever needs one takes a host of this machine. */
  readonly executors: readonly ExecutorDefinition[];
}

export interface S3Config {
  readonly bucket: string;
  readonly region: string | undefined;
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
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

const SHAPE = {
  runs: { retention: duration },
  executors: node(executorsReader),
  storage: {
    provider: oneOf('local', 's3', 'gcs'),
    local: { path: text },
    s3: { bucket: text, region: text, prefix: text, endpoint: text, force_path_style: flag },
    gcs: { bucket: text, prefix: text },
    encryption: { key_file: text, passphrase_file: text, passphrase_env: text, key_command: command },
    workspace: {
      base_dir: text,
      default_quota_mb: megabytes,
      retention: { default: duration, max: duration, min: duration },
    },
  },
} as const satisfies Shape;

/** How long people come back to a run that failed. */
const DEFAULT_RUN_RETENTION = '14d';
const DEFAULT_QUOTA_MB = 10_240;
const DEFAULT_RETENTION = { default: '7d', max: '30d', min: '1d' } as const;

/**
 * Relative paths start at the directory of the file. No file: all defaults.
 *
 * @throws unknown_config_key if nothing else is wrong, bad_input; all flaws at once, in `details.problems`
 */
export async function parseConfig(source: ConfigSource | undefined, homes: Homes): Promise<Config> {
  if (source === undefined) return complete(undefined, {}, {}, homes);
  const record = await readYaml(source.text, SHAPE);
  if (record.flaws.count === 0) findContradictions(record);
  if (record.flaws.count > 0) throw record.flaws.error(source.shown, { file: source.file });
  const { storage, ...rest } = record.values;
  return complete(source.file, storage, rest, homes);
}

type StorageValues = Values<typeof SHAPE.storage>;

function complete(
  file: string | undefined,
  storage: Partial<StorageValues>,
  { runs, executors = [] }: Partial<Omit<Values<typeof SHAPE>, 'storage'>>,
  homes: Homes,
): Config {
  const path = (given: string | undefined, otherwise: string): string => {
    if (given === undefined || file === undefined) return join(homes.home, otherwise);
    return resolve(
      dirname(file),
      given.replace(/^~(?=\/|$)/, () => homes.user),
    );
  };
  const { s3, gcs, workspace } = storage;
  return deepFreeze({
    file,
    home: homes.home,
    storage: {
      provider: storage.provider ?? 'local',
      local: { path: path(storage.local?.path, 'store') },
      s3:
        s3?.bucket === undefined
          ? undefined
          : {
              bucket: s3.bucket,
              region: s3.region,
              prefix: s3.prefix ?? '',
              endpoint: s3.endpoint,
              forcePathStyle: s3.force_path_style ?? false,
            },
      gcs: gcs?.bucket === undefined ? undefined : { bucket: gcs.bucket, prefix: gcs.prefix ?? '' },
      encryption: keySource(storage.encryption ?? {}, path),
      workspace: {
        baseDir: path(workspace?.base_dir, 'workspaces'),
        defaultQuotaMb: workspace?.default_quota_mb ?? DEFAULT_QUOTA_MB,
        retention: retentionOf(workspace?.retention ?? {}),
      },
    },
    runs: { retention: runs?.retention ?? parseDuration(DEFAULT_RUN_RETENTION)! },
    executors,
  });
}

function keySource(
  given: StorageValues['encryption'],
  path: (given: string | undefined, otherwise: string) => string,
): KeySource {
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
function findContradictions({ values, offsets, flaws }: YamlRecord<typeof SHAPE>): void {
  const { provider, encryption, workspace } = values.storage;
  const offset = (key: string) => offsets.get(key) ?? 0;

  const [, ...second] = Object.keys(encryption);
  for (const key of second) {
    const path = `storage.encryption.${key}`;
    flaws.add(offset(path), `${path} is a second source of the root key: one is enough`);
  }
  if ((provider === 's3' || provider === 'gcs') && values.storage[provider].bucket === undefined) {
    flaws.add(
      offset('storage.provider'),
      `storage.provider is ${provider}, and storage.${provider}.bucket is missing`,
    );
  }
  const retention = retentionOf(workspace.retention);
  for (const [less, more] of [
    ['min', 'default'],
    ['default', 'max'],
  ] as const) {
    if (retention[less] <= retention[more]) continue;
    const path = 'storage.workspace.retention';
    const told = (key: keyof RetentionConfig) =>
      `${key} (${formatDuration(retention[key])}${workspace.retention[key] === undefined ? ' if not given' : ''})`;
    flaws.add(offset(path), `${path}: ${told(less)} is longer than ${told(more)}`);
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
