/** What the tests of stores in buckets have in common. */

import { names, sealed } from './store.contract.ts';
import type { Store } from './store.ts';

/** Of nobody. */
export const CREDENTIALS = { accessKeyId: 'somebody', secretAccessKey: 'verysecretindeed' };

/** Every call of a store, on the object `a`. */
export const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get('a'),
  range: (store) => store.get('a', { range: { offset: 0, length: 1 } }),
  size: (store) => store.size('a'),
  put: (store) => store.put('a', sealed('x')),
  list: (store) => names(store),
  delete: (store) => store.delete('a'),
};
