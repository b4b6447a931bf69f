/** What of a store may be kept on the disk of this machine, when the store is far away. */

import { parseName } from './names.ts';

/**
 * Objects that are read again and again, and that prove themselves when they are opened. Not key records: whoever destroys the keys of a
 * tenant deletes them where they are, and no copy must outlive that. Not heads and owners: it is the store that says which are there.
 */
export function isKept(name: string): boolean {
  return isKeptLater(name) || isKeptOnPut(name);
}

/** Those that are kept only when they are read again. */
export function isKeptLater(name: string): boolean {
  return parseName(name)?.kind === 'data';
}

/** Those of which this machine has use soon after it has stored them: the next save asks the index, and trees are listed. */
export function isKeptOnPut(name: string): boolean {
  const kind = parseName(name)?.kind;
  return kind === 'format' || kind === 'index' || kind === 'tree';
}
