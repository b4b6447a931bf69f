/** The end of a window: links, and the mode and time of directories in which all is there. */

import { symlinkSync } from 'node:fs';

import { at, reopenDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { withPath } from '../tree/index.ts';
import { writeError } from './failure.ts';
import { setLooks } from './looks.ts';
import type { OpenDirectories } from './open-directories.ts';
import type { Pace } from './pace.ts';
import { MADE, nameAt, pathOfDirectory } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { setTimesOf } from './times.ts';

/**
 * Makes the directories without files and the links, and sets mode and time of the directories that are closed: so even one of mode 0
 * can be filled by a normal user, and nothing is ever written through a link. Row 0 keeps its own.
 *
 * @param root an open directory, which stays open: row 0
 * @throws disk_full, read_only, refused, conflict, each with the path; cancelled
 */
export async function finishDirectories(
  schedule: Schedule,
  opened: OpenDirectories,
  root: number,
  { pace, sync }: { readonly pace: Pace; readonly sync: boolean },
): Promise<void> {
  const { names, directories } = schedule;
  // All of them before the first link.
  for (let row = 1; row < directories.count; row++) {
    if (directories.state[row] === MADE) continue;
    opened.get(row);
    if (pace.step()) await pace.pause();
  }
  using chain = new DirectoryChain(reopenDirectory(root));
  let here = 0;
  const leave = (left: number): number => {
    chain.leave((fd) => finish(schedule, left, fd, sync));
    return directories.parent[left]!;
  };
  for (let row = 1; row < directories.count; row++) {
    while (here !== directories.parent[row]) here = leave(here);
    try {
      chain.enter(nameAt(names, directories.name[row]!, directories.nameLength[row]!));
    } catch (error) {
      throw withPath(writeError(error, 'open a directory'), pathOfDirectory(schedule, row));
    }
    here = row;
    if (pace.step()) await pace.pause();
  }
  while (here !== 0) here = leave(here);
  finish(schedule, 0, chain.fd, sync);
}

function finish(schedule: Schedule, row: number, fd: number, sync: boolean): void {
  const { directories } = schedule;
  for (let link = directories.firstLink[row]!; link < directories.endLink[row]!; link++)
    makeLink(schedule, fd, row, link);
  if (row === 0 || directories.closed[row] === 0) return;
  setLooks(fd, { mode: directories.mode[row]!, mtime: directories.mtime[row]! }, sync);
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
