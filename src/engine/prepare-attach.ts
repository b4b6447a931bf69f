/** What a new home needs before it can attach a store: the place of the store in its configuration, and the root key. */

import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { StrataError, makeDirectories, syncDirectory, systemError, systemRandom } from '../base/index.ts';
import { parseRootKey } from '../vault/index.ts';
import { loadConfig } from './config-file.ts';
import type { EngineOptions } from './engine.ts';
import { keepKey } from './key-file.ts';

/**
 * @param directory of the store
 * @param recovery text of a recovery key; undefined: the key is where the configuration says
 * @throws not_found if there is no such directory; refused if the configuration names another store, or another key is there
 */
export async function prepareAttach(
  options: EngineOptions,
  directory: string,
  recovery: string | undefined,
): Promise<void> {
  const { cwd = process.cwd() } = options;
  const path = resolve(cwd, directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new StrataError('not_found', `there is no directory ${directory}`, {
      hint: 'Give the directory of the store: the one with `format` in it.',
    });
  const { file, home, storage } = await loadConfig(options);
  const { encryption } = storage;
  // Before anything is written: a mistyped key must leave nothing behind.
  const secret = recovery === undefined ? undefined : parseRootKey(recovery, 'the recovery key');
  if (secret !== undefined && encryption.kind !== 'key_file')
    throw new StrataError('bad_input', 'the configuration does not take the root key from a file', {
      hint: 'Leave the recovery key out, or `storage.encryption` as it is by default.',
    });
  if (storage.provider !== 'local' || storage.local.path !== path) {
    if (file !== undefined)
      throw new StrataError('refused', `${file} names another store than ${path}`, {
        hint: `Set \`storage.local.path: ${path}\` in it, or attach from a home without a configuration.`,
      });
    if (existsSync(join(home, 'db')))
      throw new StrataError('refused', `the home ${home} has a store of its own`, {
        hint: 'Attach from another home: give one with --home.',
      });
    writeConfig(home, path);
  }
  if (secret !== undefined && encryption.kind === 'key_file') keepKey(encryption.path, secret, systemRandom);
}

function writeConfig(home: string, path: string): void {
  const file = join(home, 'strata.yaml');
  try {
    makeDirectories(home);
    // JSON is YAML, and has a way to write any text.
    writeFileSync(file, `storage:\n  local:\n    path: ${JSON.stringify(path)}\n`, {
      flag: 'wx',
      flush: true,
    });
    syncDirectory(home);
  } catch (error) {
    throw systemError(error, `write ${file}`);
  }
}
