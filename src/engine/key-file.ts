/** The root key in a file: made at first use, replaced by a rotation, never half written. */

import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import {
  StrataError,
  equalBytes,
  errno,
  makeDirectories,
  syncDirectory,
  systemError,
  toHex,
} from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { ROOT_KEY_BYTES, formatRootKey, parseRootKey } from '../vault/index.ts';
import type { RootSecret } from '../vault/index.ts';

const OTHERS = 0o077;

const EXPLANATION = `# The root key of a Strata store. Whoever has it and the store can read everything in it;
# without it nobody can, and nobody can make it anew. Keep a copy somewhere else.
`;

/** Where a rotation keeps the new key until every record is sealed with it. */
function nextPath(path: string): string {
  return `${path}.next`;
}

export interface KeyFile {
  /** The key in force, then the one that a rotation is about to put in force, if there is one. */
  readonly secrets: readonly [RootSecret, ...RootSecret[]];
  /** Whether others than its owner may read it. */
  readonly exposed: boolean;
}

/** @returns undefined if there is no such file. @throws bad_input if it is no key; unreadable */
export function readKeyFile(path: string): KeyFile | undefined {
  const secret = readKey(path);
  if (secret === undefined) return undefined;
  const next = readKey(nextPath(path));
  return {
    secrets: next === undefined ? [secret] : [secret, next],
    exposed: (named('read', path, () => statSync(path)).mode & OTHERS) !== 0,
  };
}

/** A system error names no place by itself. */
function named<Value>(doing: 'read' | 'write', path: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    throw systemError(error, `${doing} the key file ${path}`);
  }
}

/** As `readKey`, and the name is durable: whoever made the file may have died before it was, and what this key seals must not outlive it. */
function readDurableKey(path: string): RootSecret | undefined {
  const secret = readKey(path);
  if (secret !== undefined) named('read', path, () => syncDirectory(dirname(path)));
  return secret;
}

/** Makes a key file where there is none. @returns the key in it, be it ours or that of a process that was faster */
export function createKeyFile(path: string, random: Random): RootSecret {
  const secret = random(ROOT_KEY_BYTES) as RootSecret;
  return writeKey(path, secret, random) ? secret : readDurableKey(path)!;
}

/** Puts a key where there is none. @throws refused if another one is there */
export function keepKey(path: string, secret: RootSecret, random: Random): void {
  if (writeKey(path, secret, random) || equalBytes(readDurableKey(path)!, secret)) return;
  throw new StrataError('refused', `another root key is in ${path}`, {
    hint: 'Move it away if nothing needs it any more, or use another home.',
  });
}

/** The key to rotate to. One that a rotation left behind when it was cut off is used again: records may need it. */
export function prepareNextKey(path: string, random: Random): RootSecret {
  return readDurableKey(nextPath(path)) ?? createKeyFile(nextPath(path), random);
}

/** Puts the next key in force, in place of the old one. */
export function activateNextKey(path: string): void {
  named('write', path, () => {
    renameSync(nextPath(path), path);
    syncDirectory(dirname(path));
  });
}

function readKey(path: string): RootSecret | undefined {
  try {
    return parseRootKey(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw systemError(error, `read the key file ${path}`);
  }
}

/** @returns false if there is a file already */
function writeKey(path: string, secret: RootSecret, random: Random): boolean {
  const temporary = `${path}.${toHex(random(8))}`;
  try {
    makeDirectories(dirname(path));
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, `${EXPLANATION}${formatRootKey(secret)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    try {
      // A link, since a rename would replace the key of a process that was faster.
      linkSync(temporary, path);
    } finally {
      unlinkSync(temporary);
    }
    syncDirectory(dirname(path));
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw systemError(error, `write the key file ${path}`);
  }
}

/** @throws wrong_key */
export function missingKeyFile(path: string): StrataError {
  return new StrataError('wrong_key', `there is a store, but its key file ${path} is missing`, {
    hint: 'Put it back from your backup, or write the recovery key into it (one line).',
  });
}
