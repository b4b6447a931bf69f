/** Moves what is staged into a directory that is there already, entry by entry: each appears whole, by a rename. */

import { chmodSync, lstatSync, renameSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { StrataError, errno } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import {
  UNLOCKED,
  PERMISSION_BITS,
  at,
  lstatAt,
  nameBytes,
  namesIn,
  reopenDirectory,
  unlockAt,
  withHandle,
} from './at.ts';
import { DirectoryChain } from './chain.ts';
import { writeError } from './failure.ts';
import type { Foreign } from './foreign.ts';
import { looksOf, makeWritable, setLooks } from './looks.ts';
import type { Looks } from './looks.ts';

const OWNER_WRITE = 0o200;

/** Renames between two turns of the others. */
const STEPS = 1024;

/** The system's errors when a directory was put in the way, or away, since the survey. */
const IN_THE_WAY: ReadonlySet<string | undefined> = new Set([
  'EISDIR',
  'ENOTDIR',
  'ENOTEMPTY',
  'EEXIST',
  'ELOOP',
]);

interface Frame {
  readonly name: Buffer;
  readonly looks: Looks;
  readonly names: string[];
}

export interface MergeOptions {
  readonly sync: boolean;
  /** Removes what is of another kind than what takes its place, which then follows; what it cannot remove stays. Without it, neither may be. */
  readonly foreign?: Foreign | undefined;
  /** Is told of each file that was moved alone, as it looks in its place. */
  readonly onMoved?: ((stats: Stats) => void) | undefined;
}

/**
 * Cannot be cancelled: once the first file has moved, all of them being there is the better end.
 *
 * A directory that is on both sides is merged, and gets the staged mode and time when all below it has moved. The two
 * directories given keep their own, and stay open.
 *
 * @throws conflict if the target was changed since the survey; whole files only have been replaced
 */
export async function merge(
  staged: number,
  target: number,
  { sync, foreign, onMoved }: MergeOptions,
): Promise<void> {
  using from = new DirectoryChain(reopenDirectory(staged));
  using to = new DirectoryChain(reopenDirectory(target));
  makeWritable(to.fd);
  const frames: Frame[] = [
    { name: Buffer.alloc(0), looks: { mode: UNLOCKED, mtime: 0 }, names: namesIn(from.fd) },
  ];
  for (let steps = 1; ; steps++) {
    const frame = frames.at(-1)!;
    const next = frame.names.pop();
    if (next !== undefined) {
      const name = nameBytes(next);
      const path = () => [...frames.slice(1).map((above) => above.name), name];
      try {
        let moved = move(from.fd, to.fd, name, onMoved);
        if (moved instanceof Error && foreign !== undefined) {
          await foreign.visit(to.fd, name, path());
          moved = move(from.fd, to.fd, name, onMoved);
          // It stays, and others tell so.
          if (moved instanceof Error && foreign.stuck.count > 0) continue;
        }
        if (moved instanceof Error) throw moved;
        if (!moved) frames.push(enter(from, to, name));
      } catch (error) {
        throw withPath(changedUnderUs(error) ?? writeError(error, 'put an entry in its place'), path());
      }
    } else {
      frames.pop();
      if (frames.length === 0) return;
      from.leave();
      to.leave((fd) => setLooks(fd, frame.looks, sync));
    }
    if (steps % STEPS === 0) await setImmediate();
  }
}

/** @returns false if both are directories, which have to be merged; an error if only one of them is */
function move(
  from: number,
  to: number,
  name: Buffer,
  onMoved: MergeOptions['onMoved'],
): boolean | NodeJS.ErrnoException {
  const staged = lstatSync(at(from, name));
  if (staged.isDirectory() && lstatAt(to, name)?.isDirectory() === true) return false;
  try {
    if (!staged.isDirectory() || (staged.mode & OWNER_WRITE) !== 0) renameSync(at(from, name), at(to, name));
    else
      withHandle(from, name, (handle) => {
        // A directory takes its `..` along, for which it must be writable.
        chmodSync(handle, UNLOCKED);
        try {
          renameSync(at(from, name), at(to, name));
        } finally {
          chmodSync(handle, staged.mode & PERMISSION_BITS);
        }
      });
  } catch (error) {
    if (error instanceof Error && (errno(error) === 'EISDIR' || errno(error) === 'ENOTDIR')) return error;
    throw error;
  }
  if (staged.isFile()) onMoved?.(lstatSync(at(to, name)));
  return true;
}

function enter(from: DirectoryChain, to: DirectoryChain, name: Buffer): Frame {
  const stats = lstatSync(at(from.fd, name));
  const looks = looksOf(stats, () => lstatSync(at(from.fd, name), { bigint: true }));
  unlockAt(from.fd, name);
  from.enter(name);
  to.enter(name);
  makeWritable(to.fd);
  return { name, looks, names: namesIn(from.fd) };
}

function changedUnderUs(error: unknown): StrataError | undefined {
  if (!IN_THE_WAY.has(errno(error))) return undefined;
  return new StrataError('conflict', 'the target was changed while it was restored into', {
    cause: error,
  });
}
