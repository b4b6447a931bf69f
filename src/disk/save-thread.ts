/** The module of a thread that reads files for a save; until there is something to read it may look at a directory from its end. */

import type { TransferListItem } from 'node:worker_threads';

import { errno, serveThread } from '../base/index.ts';
import { foreseenShare } from './foreseen.ts';
import type { ForeseenShare } from './foreseen.ts';
import type { LookAheadOrder } from './look-ahead.ts';
import { lookThrough } from './look-through.ts';
import type { SaveAnswer, SaveBegin, SaveOrder } from './save-order.ts';
import type { SaveWorker } from './save-worker.ts';

serveThread<LookAheadOrder | undefined, SaveBegin | SaveOrder, ForeseenShare | SaveAnswer>((look, post) => {
  // Whoever only looks has no use for it.
  const loaded = look === undefined ? import('./save-worker.ts') : undefined;
  if (look !== undefined) {
    const share = foreseenShare(look.state);
    post(share);
    try {
      lookThrough(look.directory, share);
    } catch (error) {
      // The walk sees for itself what is wrong there.
      if (errno(error) === undefined) throw error;
    }
  }
  let worker: SaveWorker | undefined;
  return async (order) => {
    if (order.kind === 'begin') {
      const room = await (loaded ?? import('./save-worker.ts'));
      worker = new room.SaveWorker(order.share);
      return;
    }
    const answer = worker!.work(order);
    post(answer, memoryOf(answer));
  };
});

/** What is given away with an answer, and not copied: memory that nothing else is in. */
function memoryOf({ outputs, outcome }: SaveAnswer): TransferListItem[] {
  const memory = outputs.map(({ part }) => (part?.kind === 'bytes' ? part.bytes : undefined));
  return [...memory, outcome?.extents].flatMap((bytes) =>
    bytes === undefined || bytes.length < bytes.buffer.byteLength ? [] : [bytes.buffer as ArrayBuffer],
  );
}
