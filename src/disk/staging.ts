/**
 * Where a restore writes before anybody can see it: a directory of mode 0700 with a name that nobody can guess, and that says
 * whose it is. So what a dead process left can be told from what a living one needs, from the moment it exists.
 */

import { mkdirSync, readFileSync, readlinkSync } from 'node:fs';

import { errno, toHex, utf8 } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { sha256 } from '../chunk/index.ts';
import { UNLOCKED, at, lstatAt, nameBytes, namesIn } from './at.ts';
import { removeTree } from './remove.ts';

const PREFIX = '.strata-restore-';
const NAME = /^\.strata-restore-(\d{1,10})-(\d{1,20})-([0-9a-f]{16})-[0-9a-f]{16}$/;
const RANDOM_BYTES = 8;

/** Of the line in /proc/PID/stat after the command's name, which may hold blanks: proc(5), field 22 of all. */
const START_TIME_FIELD = 19;

export interface Leftovers {
  /** Of processes that still run. */
  readonly living: readonly string[];
  readonly dead: readonly string[];
}

/** Makes an empty one in an open directory. @returns its name @throws the system's error */
export function makeStaging(directory: number, random: Random): Buffer {
  const name = nameBytes(
    `${PREFIX}${process.pid}-${startTime(process.pid)}-${host()}-${toHex(random(RANDOM_BYTES))}`,
  );
  mkdirSync(at(directory, name), UNLOCKED);
  return name;
}

/** @param names what is in the open directory, as `namesIn` has it */
export function findStaging(directory: number, names = namesIn(directory)): Leftovers {
  const living: string[] = [];
  const dead: string[] = [];
  for (const name of names) {
    const match = NAME.exec(name);
    if (match === null || lstatAt(directory, nameBytes(name))?.isDirectory() !== true) continue;
    const [, pid, started, where] = match;
    // A process of another boot is dead; of one in another container we cannot know, and its restore fails if it lives.
    const lives = where === host() && startTime(Number(pid)) === started;
    (lives ? living : dead).push(name);
  }
  return { living, dead };
}

/** @throws the system's error */
export async function sweep(directory: number, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await removeTree(directory, nameBytes(name));
    } catch (error) {
      // Another user's, or swept by another process at the same time.
      if (!['EACCES', 'EPERM', 'ENOENT', 'ENOTEMPTY'].includes(errno(error) ?? '')) throw error;
    }
  }
}

/** @returns clock ticks since the boot; undefined if there is no such process */
function startTime(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD];
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ESRCH') return undefined;
    throw error;
  }
}

/** Names the boot of the machine and the container, within which a process id means something. */
function host(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1');
  const space = readlinkSync('/proc/self/ns/pid');
  return toHex(sha256(utf8(`${boot} ${space}`)).subarray(0, RANDOM_BYTES));
}
