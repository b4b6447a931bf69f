/** Writes a tree into an empty directory that nobody else can reach; nothing of it is to be seen yet. */

import { mkdirSync, symlinkSync } from 'node:fs';

import { EMPTY } from '../base/index.ts';
import type { Path, SymlinkEntry } from '../tree/index.ts';
import { UNLOCKED, at, reopenDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { isPresent } from './compare.ts';
import { cutBuffer } from './cut-file.ts';
import { descend } from './descend.ts';
import type { Selection } from './descend.ts';
import { withPath, writeError } from './failure.ts';
import { setLooks } from './looks.ts';
import { Shadow } from './shadow.ts';
import type { Plan } from './survey.ts';
import { Tallying } from './tally.ts';
import { setTimesOf } from './times.ts';
import { writeFile } from './write-file.ts';
import type { FileWriter } from './write-file.ts';

/**
 * Each directory gets its mode and time when all below it is written, so that even one of mode 0 can be filled by a normal user.
 * The directory staged into keeps its own.
 *
 * @param into an open directory, which stays open
 * @param target an open directory that the result will be merged with: what is there already, exactly, is not written, but
 *   every directory is; undefined if there is none
 * @returns what was done
 * @throws integrity, disk_full, read_only, refused, conflict, each with the path
 */
export async function stage(
  selection: Omit<Selection, 'source'>,
  writer: FileWriter,
  into: number,
  target: number | undefined,
): Promise<Plan> {
  const { source, pace, sync } = writer;
  using chain = new DirectoryChain(reopenDirectory(into));
  using shadow = new Shadow(target);
  const buffer = target === undefined ? EMPTY : cutBuffer();
  const added = new Tallying();
  const replaced = new Tallying();
  let unchanged = 0;

  await descend(
    { ...selection, source },
    {
      enter(entry, path) {
        const stands = shadow.standing(entry);
        try {
          mkdirSync(at(chain.fd, entry.name), UNLOCKED);
          chain.enter(entry.name);
          shadow.enter(entry.name, stands);
        } catch (error) {
          throw withPath(writeError(error, 'make a directory'), path);
        }
        if (stands === 'absent') added.add(path);
        else unchanged++;
        return true;
      },
      leave(entry) {
        shadow.leave();
        chain.leave((fd) => setLooks(fd, entry, sync));
      },
      async leaf(entry, path) {
        const there = shadow.standing(entry) === 'absent' ? undefined : shadow.fd;
        if (there !== undefined && (await isPresent(source, there, entry, buffer, pace))) {
          unchanged++;
          return;
        }
        (there === undefined ? added : replaced).add(path);
        if (entry.kind === 'file') await writeFile(writer, chain.fd, entry, path);
        else makeLink(chain.fd, entry, path);
      },
    },
    pace,
  );
  return { added, replaced, unchanged };
}

function makeLink(directory: number, { name, target, mtime }: SymlinkEntry, path: Path): void {
  try {
    symlinkSync(target as Buffer, at(directory, name));
    setTimesOf(at(directory, name), mtime);
  } catch (error) {
    throw withPath(writeError(error, 'make a link'), path);
  }
}
