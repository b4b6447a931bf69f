/** Goes through a directory from its end, and writes down what is there, as long as there is room for it and somebody wants it. */

import { fstatSync, lstatSync } from 'node:fs';

import { MAX_DEPTH } from '../tree/index.ts';
import { atText, isLarge, nameBytes, namesIn, openDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { ForeseenWriter } from './foreseen.ts';
import type { ForeseenShare } from './foreseen.ts';

/** Not recursive: directories may be thousands deep. @throws the system's error, also where something was changed meanwhile */
export function lookThrough(directory: string, share: ForeseenShare): void {
  using chain = new DirectoryChain(openDirectory(directory));
  const writer = new ForeseenWriter(share);
  const top = look(chain, writer);
  /** Of each directory down to where we are, those in it that are left; the next one is the last. */
  const left = top === undefined ? [] : [top];
  while (left.length > 0 && !writer.isEnded) {
    const name = left.at(-1)!.pop();
    if (name === undefined) {
      left.pop();
      if (left.length > 0) chain.leave();
    } else if (left.length < MAX_DEPTH) {
      chain.enter(nameBytes(name));
      const directories = look(chain, writer);
      if (directories === undefined) return;
      left.push(directories);
    }
  }
}

/** @returns the directories in it; undefined if no more can be told */
function look(chain: DirectoryChain, writer: ForeseenWriter): string[] | undefined {
  const stats = fstatSync(chain.fd);
  // It alone may be more than there is room for.
  if (isLarge(stats)) return [];
  const names = namesIn(chain.fd);
  const seen = names.map((name) => lstatSync(atText(chain.fd, name), { throwIfNoEntry: false }));
  if (!writer.add(stats, names, seen)) return undefined;
  return names.filter((_, index) => seen[index]?.isDirectory());
}
