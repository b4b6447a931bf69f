/** Where the root key comes from, as the configuration says: a file, a passphrase, or a command. */

import { readFileSync } from 'node:fs';

import { StrataError, systemError, unreachable } from '../base/index.ts';
import type { Cancellable, Random } from '../base/index.ts';
import { rootKeyFromCommand, rootKeyFromPassphrase } from '../vault/index.ts';
import type { FindRootKeys, RootSecret } from '../vault/index.ts';
import type { KeySource } from './config.ts';
import { activateNextKey, createKeyFile, missingKeyFile, prepareNextKey, readKeyFile } from './key-file.ts';

export interface RotateOptions extends Cancellable {
  /** For a store whose key is a passphrase: a file whose first line is the new one. */
  readonly newPassphraseFile?: string | undefined;
  /** For a store whose key comes from a command: what prints the new one. */
  readonly newKeyCommand?: readonly string[] | undefined;
}

/** A new root key that is ready to be used. */
export interface NextKey {
  readonly secret: RootSecret;
  /** Forgets the old one, where that is ours to do. */
  readonly activate: () => Promise<void>;
}

export function describeSource(source: KeySource): string {
  switch (source.kind) {
    case 'key_file':
      return `key file ${source.path}`;
    case 'passphrase_file':
      return `passphrase in ${source.path}`;
    case 'passphrase_env':
      return `passphrase in $${source.variable}`;
    case 'key_command':
      return `command ${source.command[0] ?? ''}`;
    default:
      return unreachable(source);
  }
}

export interface KeyWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly random: Random;
  /** Takes a sentence that the user has to see. */
  readonly notice: (text: string) => void;
}

export function findRootKeys(source: KeySource, world: KeyWorld): FindRootKeys {
  return async (storeId, fresh, options) => {
    switch (source.kind) {
      case 'key_file':
        return fromFile(source.path, fresh, world);
      case 'passphrase_file':
        return [await rootKeyFromPassphrase(readPassphrase(source.path), storeId)];
      case 'passphrase_env':
        return [await rootKeyFromPassphrase(passphraseVariable(source.variable, world), storeId)];
      case 'key_command':
        return [await rootKeyFromCommand(source.command, options)];
      default:
        return unreachable(source);
    }
  };
}

/** @throws bad_input if the options do not fit where the key comes from */
export async function nextRootKey(
  source: KeySource,
  storeId: Uint8Array,
  options: RotateOptions,
  { random }: KeyWorld,
): Promise<NextKey> {
  const nothing = async () => {};
  switch (source.kind) {
    case 'key_file':
      if (options.newPassphraseFile !== undefined || options.newKeyCommand !== undefined) {
        throw new StrataError('bad_input', 'this store has a key file: it is replaced by a new random key', {
          hint: 'Rotate without a new passphrase or command.',
        });
      }
      return {
        secret: prepareNextKey(source.path, random),
        activate: async () => activateNextKey(source.path),
      };
    case 'passphrase_file':
    case 'passphrase_env':
      if (options.newPassphraseFile === undefined)
        throw missingOption('passphrase', '--new-passphrase-file FILE');
      return {
        secret: await rootKeyFromPassphrase(readPassphrase(options.newPassphraseFile), storeId),
        activate: nothing,
      };
    case 'key_command':
      if (options.newKeyCommand === undefined) throw missingOption('command', '--new-key-command COMMAND');
      return { secret: await rootKeyFromCommand(options.newKeyCommand, options), activate: nothing };
    default:
      return unreachable(source);
  }
}

/** The first line of a file, without its line end. @throws not_found, unreadable */
function readPassphrase(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw systemError(error, `read the passphrase in ${path}`);
  }
}

function fromFile(
  path: string,
  fresh: boolean,
  { random, notice }: KeyWorld,
): readonly [RootSecret, ...RootSecret[]] {
  const found = readKeyFile(path);
  if (found !== undefined) {
    if (found.exposed) notice(`Others may read the key file ${path}; run: chmod 600 ${path}`);
    return found.secrets;
  }
  if (!fresh) throw missingKeyFile(path);
  const secret = createKeyFile(path, random);
  notice(
    `A root key was made: ${path}. Without it nothing in the store can ever be read. ` +
      'Keep a copy somewhere else: strata keys export-recovery',
  );
  return [secret];
}

function passphraseVariable(variable: string, { env }: KeyWorld): string {
  const passphrase = env[variable];
  if (passphrase !== undefined && passphrase !== '') return passphrase;
  throw new StrataError('bad_input', `the passphrase variable $${variable} is not set`, {
    hint: `Set it, or name another source in \`storage.encryption\`.`,
  });
}

function missingOption(kind: string, option: string): StrataError {
  return new StrataError('bad_input', `the root key of this store comes from a ${kind}: give the new one`, {
    hint: `Use ${option}, and change the configuration afterwards.`,
  });
}
