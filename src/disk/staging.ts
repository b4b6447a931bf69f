/**
 * Where a restore writes before anybody can see it: a directory of mode 0700 with a name that nobody can guess, and that says
 * whose it is: so what a dead process left can be told from what a living one needs, from the moment it exists.
 *
 * The name is also the journal of a restore into a directory that stays: before the first file is moved out, the name gets the
 * restore's id at its end, and it goes as the very last. A name changes in one step; a file of a journal could be gone a
 * moment before its directory, and a crash between them would leave files in the target that nobody can account for.
 */

import { mkdirSync, renameSync } from 'node:fs';

import {
  HOLDER_PATTERN,
  concatBytes,
  errno,
  fateOf,
  sha256,
  thisProcess,
  toHex,
  utf8,
} from '../base/index.ts';
import type { Branded, Random } from '../base/index.ts';
import { pathBytes } from '../tree/index.ts';
import type { Path, Root } from '../tree/index.ts';
import { UNLOCKED, at, lstatAt, lstatAtText, nameBytes, namesIn } from './at.ts';
import { removeTree } from './remove.ts';

const NAME = new RegExp(
  `^\\.strata-restore-(?<holder>${HOLDER_PATTERN})-[0-9a-f]{16}(?:-(?<moving>[0-9a-f]{16}))?$`,
);

/** Random bytes of a name, and bytes of the hash in it. */
const NAME_BYTES = 8;

/** Milliseconds without a new name at its top, after which what is written elsewhere counts as given up. */
const LONGEST = 24 * 60 * 60 * 1000;

/** No path: a name is not empty. */
const EXACT = utf8('//');

/** What is restored, times included: 16 hex digits. */
export type RestoreId = Branded<string, 'restore id'>;

export interface Staging {
  readonly name: Buffer;
  /** Whose files have begun to appear in the target. */
  readonly moving: RestoreId | undefined;
  /** Of a process in another container, or on another machine: nobody here can tell whether it lives. */
  readonly isElsewhere: boolean;
}

export interface Stagings {
  /** Of processes that still run here. */
  readonly living: readonly Staging[];
  readonly dead: readonly Staging[];
}

/** @param exact whether all else is to go: who does not ask for that does not go on where it was asked for */
export function restoreId({ tree }: Root, only: Path = [], exact = false): RestoreId {
  return shortHash(concatBytes([tree.node, exact ? EXACT : pathBytes(only)])) as RestoreId;
}

/**
 * Makes an empty one in an open directory.
 *
 * @param moving if files of this restore have appeared already, before it died
 * @throws the system's error
 */
export function makeStaging(directory: number, random: Random, moving?: RestoreId): Buffer {
  const end = moving === undefined ? '' : `-${moving}`;
  const name = nameBytes(`.strata-restore-${thisProcess()}-${toHex(random(NAME_BYTES))}${end}`);
  mkdirSync(at(directory, name), UNLOCKED);
  return name;
}

/** To be called, and made durable by the caller, before the first file appears in the target. @returns the new name */
export function markMoving(directory: number, name: Buffer, id: RestoreId): Buffer {
  const marked = nameBytes(`${name.toString()}-${id}`);
  renameSync(at(directory, name), at(directory, marked));
  return marked;
}

/** @param names what is in the open directory, as `namesIn` has it */
export function findStagings(directory: number, names = namesIn(directory)): Stagings {
  const living: Staging[] = [];
  const dead: Staging[] = [];
  for (const name of names) {
    const parts = NAME.exec(name)?.groups;
    if (parts === undefined || lstatAtText(directory, name)?.isDirectory() !== true) continue;
    const fate = fateOf(parts['holder']!);
    const staging = {
      name: nameBytes(name),
      moving: parts['moving'] as RestoreId | undefined,
      isElsewhere: fate === 'unknown',
    };
    // In the target itself one that cannot be known is in the way, and its restore fails if it lives.
    (fate === 'lives' ? living : dead).push(staging);
  }
  return { living, dead };
}

/**
 * Those that may go from where others restore too, each beside its own target. One that is moving is the record of a restore into the
 * directory itself, which may still be run again.
 */
export function leftBeside(directory: number, now: number): Staging[] {
  // The time of its content is set before it gets its name.
  const isAbandoned = ({ name }: Staging) => now - (lstatAt(directory, name)?.ctimeMs ?? now) > LONGEST;
  return findStagings(directory).dead.filter(
    (staging) => staging.moving === undefined && (!staging.isElsewhere || isAbandoned(staging)),
  );
}

/** @throws the system's error */
export async function sweep(directory: number, dead: readonly Staging[]): Promise<void> {
  for (const { name } of dead) {
    try {
      await removeTree(directory, name);
    } catch (error) {
      // Another user's, or swept by another process at the same time.
      if (!['EACCES', 'EPERM', 'ENOENT', 'ENOTEMPTY'].includes(errno(error) ?? '')) throw error;
    }
  }
}

function shortHash(bytes: Uint8Array): string {
  return toHex(sha256(bytes).subarray(0, NAME_BYTES));
}
