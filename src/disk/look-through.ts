/** Goes through a directory from its end, by open directories, for somebody who looks at each. */

import { MAX_DEPTH } from '../tree/index.ts';
import { nameBytes, openDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';

/**
 * Not recursive: directories may be thousands deep.
 *
 * @param look is given each directory, open; @returns the names of the directories in it that are to be gone through; undefined: it is enough
 * @throws the system's error, also where something was changed meanwhile; file_changed
 */
export function lookThrough(directory: string, look: (fd: number) => string[] | undefined): void {
  using chain = new DirectoryChain(openDirectory(directory));
  const top = look(chain.fd);
  /** Of each directory down to where we are, those in it that are left; the next one is the last. */
  const left = top === undefined ? [] : [top];
  while (left.length > 0) {
    const name = left.at(-1)!.pop();
    if (name === undefined) {
      left.pop();
      if (left.length > 0) chain.leave();
    } else if (left.length < MAX_DEPTH) {
      chain.enter(nameBytes(name));
      const directories = look(chain.fd);
      if (directories === undefined) return;
      left.push(directories);
    }
  }
}
