/** What a new home needs before it can attach a store: the place of the store in its configuration, and the root key. */

import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { StrataError, makeDirectories, syncDirectory, systemError, systemRandom } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import { parseRootKey, storedRegions } from '../vault/index.ts';
import { loadConfig } from './config-file.ts';
import type { PlaceConfig } from './config-place.ts';
import { DEFAULT_REGION } from './config-regions.ts';
import type { EngineOptions } from './engine.ts';
import { databaseOf } from './home-paths.ts';
import { keepKey } from './key-file.ts';
import { Regions } from './regions.ts';
import type { InRegion } from './regions.ts';
import { addressYaml, parseAddress } from './store-address.ts';
import type { Address, AddressOptions } from './store-address.ts';

/** What was written for a store that cannot be attached after all is taken away again. */
export interface PreparedAttach {
  undo(): void;
}

/**
 * @param options with the region that the store is to be; the configuration names it already, if it is not the default one
 * @param where of the store, as `parseAddress` reads it
 * @param recovery text of a recovery key; undefined: the key is where the configuration says
 * @throws not_found if there is no such directory; refused if the configuration names another store, or another key is there
 */
export async function prepareAttach(
  options: EngineOptions & Pick<InRegion, 'region'>,
  where: string,
  recovery: string | undefined,
  addressing: AddressOptions = {},
): Promise<PreparedAttach> {
  const { cwd = process.cwd() } = options;
  const address = parseAddress(where, addressing, cwd);
  const directory = address.local?.path;
  if (directory !== undefined && statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new StrataError('not_found', `there is no directory ${where}`, {
      hint: 'Give the directory of the store: the one with `format` in it.',
    });
  const { region = DEFAULT_REGION } = options;
  const config = await loadConfig(options);
  const { file, home } = config;
  const { encryption } = config.storage;
  const database = dirname(databaseOf(home));
  const place = new Regions(config, undefined).place(region);
  // Before anything is written: a mistyped key must leave nothing behind.
  const secret = recovery === undefined ? undefined : parseRootKey(recovery, 'the recovery key');
  if (secret !== undefined && encryption.kind !== 'key_file')
    throw new StrataError('bad_input', 'the configuration does not take the root key from a file', {
      hint: 'Leave the recovery key out, or `storage.encryption` as it is by default.',
    });
  const made: string[] = [];
  if (!isSame(place, address)) {
    if (file !== undefined)
      throw new StrataError('refused', `${file} names another store than ${where}`, {
        hint: `Name that one in \`${region === DEFAULT_REGION ? 'storage' : `regions.${region}`}\`, or attach from a home without a configuration.`,
      });
    if (existsSync(database) && (await isInUse(home)))
      throw new StrataError('refused', `the home ${home} has a store of its own`, {
        hint: 'Attach from another home: give one with --home.',
      });
    made.push(writeConfig(home, address));
  }
  if (!existsSync(database)) made.push(database);
  if (secret !== undefined && encryption.kind === 'key_file') {
    const isNew = !existsSync(encryption.path);
    keepKey(encryption.path, secret, systemRandom);
    if (isNew) made.push(encryption.path);
  }
  return {
    undo: () => {
      for (const path of made) rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A command that found no store leaves a database that knows none. */
async function isInUse(home: string): Promise<boolean> {
  await using database = await openSqlite(databaseOf(home));
  return (await storedRegions(database)).length > 0;
}

/** What an address leaves open is as the configuration says. */
function isSame(configured: PlaceConfig, address: Address): boolean {
  const { provider, local, s3, gcs } = configured;
  if (provider !== address.provider) return false;
  if (provider === 'local') return local.path === address.local?.path;
  const known = (provider === 's3' ? s3 : gcs)!;
  const { bucket, prefix, endpoint, region }: { [key: string]: unknown } = address[provider] ?? {};
  const bare = (text: unknown) => String(text ?? '').replace(/\/$/, '');
  return (
    known.bucket === bucket &&
    bare(known.prefix) === bare(prefix) &&
    (endpoint === undefined || known.endpoint === endpoint) &&
    (region === undefined || s3?.region === region)
  );
}

/** @returns its path */
function writeConfig(home: string, address: Address): string {
  const file = join(home, 'strata.yaml');
  try {
    makeDirectories(home);
    writeFileSync(file, addressYaml(address), { flag: 'wx', flush: true });
    syncDirectory(home);
    return file;
  } catch (error) {
    throw systemError(error, `write ${file}`);
  }
}
