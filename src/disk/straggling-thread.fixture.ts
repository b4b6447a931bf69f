/** Threads of a restore: of two the one fails soon, and the other makes one file after the other for half a second. */

import { writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

import { serveThread } from '../base/index.ts';
import type { ThreadAnswer, ThreadBegin, ThreadOrder } from './restore-thread.ts';

serveThread<undefined, ThreadBegin | ThreadOrder, ThreadAnswer>((_, post) => {
  let root = 0;
  return (order) => {
    if (!('window' in order)) return void (root = order.root);
    if (threadId % 2 === 0) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      throw new Error('this one fails');
    }
    const end = performance.now() + 500;
    for (let file = 0; performance.now() < end; file++) {
      try {
        writeFileSync(`/proc/self/fd/${root}/late ${file}`, '');
      } catch {
        // There is no such directory any more.
      }
    }
    post({ files: 0, bytes: 0 });
  };
});
