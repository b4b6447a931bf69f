/** What the threads of the tests run: all begin at once. */

import { SHA256_BYTES, serveThread } from '../base/index.ts';
import { sharedIndex } from './chunk-index.ts';
import type { IndexShare } from './chunk-index.ts';
import { SharedIds } from './shared-ids.ts';
import type { IdsShare } from './shared-ids.ts';

export interface ThreadData {
  /** Of all threads. */
  readonly count: number;
  /** How many have arrived. */
  readonly barrier: SharedArrayBuffer;
  /** One after another. */
  readonly ids: SharedArrayBuffer;
  readonly set: IdsShare;
  readonly index: IndexShare;
}

/** Where in `ids` to begin. */
export type ThreadOrder = number;

/** One byte per id of `ids`. */
export interface ThreadAnswer {
  readonly won: Uint8Array;
  readonly known: Uint8Array;
}

serveThread<ThreadData, ThreadOrder, ThreadAnswer>((data, post) => {
  const ids = new Uint8Array(data.ids);
  const count = ids.length / SHA256_BYTES;
  const set = new SharedIds(data.set);
  const index = sharedIndex(data.index);
  return (first) => {
    const won = new Uint8Array(count);
    const known = new Uint8Array(count);
    arrive(data);
    for (let k = 0; k < count; k++) {
      const number = (first + k) % count;
      won[number] = Number(set.claim(ids, number * SHA256_BYTES));
      known[number] = Number(index.hasAt(ids, number * SHA256_BYTES));
    }
    post({ won, known });
  };
});

function arrive({ barrier, count }: ThreadData): void {
  const arrived = new Int32Array(barrier);
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < count);
}
