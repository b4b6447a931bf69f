/** Finds the configuration file, and the home. */

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { StrataError, errno, systemError } from '../base/index.ts';
import { parseConfig } from './config.ts';
import type { Config, ConfigSource } from './config.ts';
import type { EngineOptions } from './engine.ts';

const FILE_NAME = 'strata.yaml';

/**
 * The first that is there: `options.config`, `$STRATA_CONFIG`, `./strata.yaml`, `<home>/strata.yaml`. One that was named must
 * be there; an empty variable is as good as none.
 *
 * @throws not_found, unreadable, bad_input, unknown_config_key; refused for a key command in `./strata.yaml`
 */
export async function loadConfig(options: Omit<EngineOptions, 'tenant'> = {}): Promise<Config> {
  const { env = process.env, cwd = process.cwd() } = options;
  const user = env['HOME'] || homedir();
  if (options.home === '')
    throw new StrataError('bad_input', 'the home is empty', { hint: 'Give a directory.' });
  const home = resolve(cwd, options.home ?? (env['STRATA_HOME'] || join(user, '.strata')));
  const named = options.config ?? (env['STRATA_CONFIG'] || undefined);

  if (named !== undefined) return parseConfig(await read(cwd, named), { home, user });
  const here = await readIfThere(cwd, FILE_NAME);
  const config = await parseConfig(here ?? (await readIfThere(home, join(home, FILE_NAME))), { home, user });
  if (here !== undefined && config.storage.encryption.kind === 'key_command') refuseCommand(config);
  return config;
}

/**
 * Whoever saves a directory that a stranger filled stands in it, and its `strata.yaml` is the stranger's: reading it must
 * not run a program of his choice.
 */
function refuseCommand({ file, home }: Config): never {
  throw new StrataError('refused', `${file} names a key command, and nobody asked for this file`, {
    hint: `If it is yours, say so with --config ${FILE_NAME} or $STRATA_CONFIG, or move it to ${home}.`,
  });
}

async function read(directory: string, shown: string): Promise<ConfigSource> {
  const file = resolve(directory, shown);
  // Loaded when there is a file: most homes have none. Not the synchronous one, that Ctrl-C could not end on a FIFO.
  const { readFile } = await import('node:fs/promises');
  try {
    return { file, shown, text: decode(await readFile(file), shown) };
  } catch (error) {
    throw systemError(error, `read the configuration file ${shown}`);
  }
}

async function readIfThere(directory: string, shown: string): Promise<ConfigSource | undefined> {
  if (!mayBeThere(resolve(directory, shown))) return undefined;
  try {
    return await read(directory, shown);
  } catch (error) {
    if (error instanceof StrataError && ['ENOENT', 'ENOTDIR'].includes(errno(error.cause) ?? ''))
      return undefined;
    throw error;
  }
}

/** What else is wrong with a file is told by who reads it. */
function mayBeThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

function decode(bytes: Uint8Array, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new StrataError('bad_input', `${shown} is not UTF-8 text`, {
      hint: 'Save it as UTF-8.',
      cause: error,
    });
  }
}
