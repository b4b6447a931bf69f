/** Goes through a directory from its end, by open directories, for somebody who looks at each. */

import { errno } from '../base/index.ts';
import { MAX_DEPTH } from '../tree/index.ts';
import { nameBytes, openDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { isKnowable } from './foreseen.ts';

/**
 * @param fd a directory, open
 * @param path as for `Lookout`
 * @returns the names of the directories in it that are to be gone through; undefined: it is enough
 * @throws the system's error: then nothing of what is in it is gone through
 */
type Look = (fd: number, path: string) => string[] | undefined;

/**
 * Not recursive: directories may be thousands deep. What the system refuses is passed over.
 *
 * @throws the system's error for the directory itself; file_changed if one was moved meanwhile
 */
export function lookThrough(directory: string, look: Look): void {
  using chain = new DirectoryChain(openDirectory(directory));
  const top = look(chain.fd, '');
  /** Of each directory down to where we are, those in it that are left; the next one is the last. */
  const left = top === undefined ? [] : [{ path: '', names: top }];
  while (left.length > 0) {
    const { path: above, names } = left.at(-1)!;
    const name = names.pop();
    if (name === undefined) {
      left.pop();
      if (left.length > 0) chain.leave();
      continue;
    }
    const path = `${above}/${name}`;
    if (left.length >= MAX_DEPTH || !isKnowable(path) || !attempt(() => chain.enter(nameBytes(name))))
      continue;
    let directories: string[] | undefined = [];
    attempt(() => (directories = look(chain.fd, path)));
    if (directories === undefined) return;
    left.push({ path, names: directories });
  }
}

/** @returns false for what the system refuses */
function attempt(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return false;
  }
}
