/** Removes a directory with all that is in it, however deep, whatever its modes, without following a link. */

import { rmdirSync, unlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { errno } from '../base/index.ts';
import { at, lstatAt, nameBytes, namesIn, reopenDirectory, unlockAt } from './at.ts';
import { DirectoryChain } from './chain.ts';

/** Names between two turns of the others. */
const STEPS = 1024;

/** @param parent an open directory, which stays open @throws the system's error */
export async function removeTree(parent: number, name: Uint8Array): Promise<void> {
  if (lstatAt(parent, name)?.isDirectory() !== true) return;
  using chain = new DirectoryChain(reopenDirectory(parent));
  const enter = (below: Uint8Array): Frame => {
    unlockAt(chain.fd, below);
    chain.enter(below);
    return { name: below, names: namesIn(chain.fd) };
  };
  const frames = [enter(name)];
  for (let steps = 1; ; steps++) {
    const frame = frames.at(-1);
    if (frame === undefined) return;
    const below = frame.names.pop();
    if (below === undefined) {
      frames.pop();
      chain.leave();
      rmdirSync(at(chain.fd, frame.name));
    } else {
      const bytes = nameBytes(below);
      if (!unlinkUnlessDirectory(chain.fd, bytes)) frames.push(enter(bytes));
    }
    if (steps % STEPS === 0) await setImmediate();
  }
}

/** After an error: that one is the news, not that the rest could not be swept up. The next restore does that. */
export async function removeQuietly(parent: number, name: Uint8Array): Promise<void> {
  try {
    await removeTree(parent, name);
  } catch {}
}

interface Frame {
  readonly name: Uint8Array;
  readonly names: string[];
}

function unlinkUnlessDirectory(directory: number, name: Uint8Array): boolean {
  try {
    unlinkSync(at(directory, name));
    return true;
  } catch (error) {
    // Linux says EISDIR, POSIX EPERM.
    if (errno(error) === 'EISDIR' || errno(error) === 'EPERM') return false;
    throw error;
  }
}
