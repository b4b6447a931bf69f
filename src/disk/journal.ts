/**
 * The journal of a restore into a directory that is there already: what is being restored, and whether its files have begun
 * to appear. After a crash the same restore may go on where another would be refused, because the target is not empty.
 */

import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

import { toHex, utf8 } from '../base/index.ts';
import { pathB64 } from '../tree/index.ts';
import type { Path, Root } from '../tree/index.ts';
import { at, nameBytes, openDirectoryAt } from './at.ts';

const NAME = utf8('journal');
const MOVING = 'moving\n';

/** @returns the first two lines of the journal of this restore */
export function journalHead(root: Root, only: Path = []): string {
  return `strata-restore 1\n${toHex(root.tree.node)} ${pathB64(only)}\n`;
}

/** Durable when it returns. @param staging an open directory */
export function writeJournal(staging: number, head: string, moving: boolean): void {
  const fd = openSync(at(staging, NAME), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  append(fd, moving ? head + MOVING : head);
  fsyncSync(staging);
}

/** To be said, and durable, before the first file appears in the target. */
export function markMoving(staging: number): void {
  append(openSync(at(staging, NAME), constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW), MOVING);
}

/** Did this very restore die while its files were appearing? @param name of its staging directory */
export function diedMoving(directory: number, name: string, head: string): boolean {
  try {
    const staging = openDirectoryAt(directory, nameBytes(name));
    try {
      const text = readFileSync(at(staging, NAME), 'latin1');
      return text.startsWith(head + MOVING);
    } finally {
      closeSync(staging);
    }
  } catch {
    // No journal that we can read is none of ours: the target is then treated like any other.
    return false;
  }
}

function append(fd: number, text: string): void {
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
