/** The directories of a schedule: made before any file, and given their mode and time when all that is in them is there. */

import { fstatSync, mkdirSync, symlinkSync } from 'node:fs';

import { UNLOCKED, at, reopenDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { withPath, writeError } from './failure.ts';
import { setLooks } from './looks.ts';
import type { Pace } from './pace.ts';
import { nameAt, pathOfDirectory } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { setTimesOf } from './times.ts';

/** @param root an open directory, which stays open: row 0 @throws disk_full, read_only, conflict, each with the path; cancelled */
export async function makeDirectories(schedule: Schedule, root: number, pace: Pace): Promise<void> {
  const { directories } = schedule;
  await visit(schedule, root, pace, {
    enter(row, chain, name) {
      if (directories.made[row] === 0) mkdirSync(at(chain.fd, name), UNLOCKED);
      chain.enter(name);
      directories.inode[row] = fstatSync(chain.fd).ino;
    },
    leave() {},
  });
}

/**
 * Makes the links, and sets mode and time of the directories that are closed: so even one of mode 0 can be filled by a normal user, and
 * nothing is ever written through a link. Row 0 keeps its own.
 *
 * @throws as `makeDirectories`
 */
export async function finishDirectories(
  schedule: Schedule,
  root: number,
  sync: boolean,
  pace: Pace,
): Promise<void> {
  const { directories } = schedule;
  await visit(schedule, root, pace, {
    enter(_, chain, name) {
      chain.enter(name);
    },
    leave(row, fd) {
      for (let link = directories.firstLink[row]!; link < directories.endLink[row]!; link++)
        makeLink(schedule, fd, row, link);
      if (row === 0 || directories.closed[row] === 0) return;
      const [mode, mtime] = [directories.mode[row]!, directories.mtime[row]!];
      setLooks(fd, { mode, mtime }, sync);
    },
  });
}

interface Visitor {
  enter(row: number, chain: DirectoryChain, name: Uint8Array): void;
  /** All below it has been left. */
  leave(row: number, fd: number): void;
}

async function visit(schedule: Schedule, root: number, pace: Pace, visitor: Visitor): Promise<void> {
  const { names, directories } = schedule;
  using chain = new DirectoryChain(reopenDirectory(root));
  let here = 0;
  const leave = () => {
    const left = here;
    here = directories.parent[left]!;
    chain.leave((fd) => visitor.leave(left, fd));
  };
  for (let row = 1; row < directories.count; row++) {
    while (here !== directories.parent[row]) leave();
    try {
      visitor.enter(row, chain, nameAt(names, directories.name[row]!, directories.nameLength[row]!));
    } catch (error) {
      throw withPath(writeError(error, 'make a directory'), pathOfDirectory(schedule, row));
    }
    here = row;
    if (pace.step()) await pace.pause();
  }
  while (here !== 0) leave();
  visitor.leave(0, chain.fd);
}

function makeLink(schedule: Schedule, directory: number, row: number, link: number): void {
  const { names, links } = schedule;
  const name = nameAt(names, links.name[link]!, links.nameLength[link]!);
  const target = nameAt(names, links.target[link]!, links.targetLength[link]!);
  try {
    symlinkSync(Buffer.from(target), at(directory, name));
    setTimesOf(at(directory, name), links.mtime[link]!);
  } catch (error) {
    throw withPath(writeError(error, 'make a link'), [...pathOfDirectory(schedule, row), name]);
  }
}
