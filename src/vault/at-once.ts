/** How many small objects are asked for at a time. */

import type { Store } from '../store/index.ts';

/** Round trips that fill a line; the store itself lets no more requests out than it may. */
const FAR = 8;

/** On a disk of this machine the next object is not there sooner for being asked for earlier. */
export function atOnce(store: Store): number {
  return store.isFar === true ? FAR : 1;
}
