/** The module of a thread that reads files for a save. */

import type { TransferListItem } from 'node:worker_threads';

import { serveThread } from '../base/index.ts';
import { tryBegin } from './save-order.ts';
import type { SaveAnswer, SaveBegin, SaveOrder } from './save-order.ts';
import { SaveWorker } from './save-worker.ts';

serveThread<undefined, SaveBegin | SaveOrder, SaveAnswer>((_, post) => {
  let worker: SaveWorker | undefined;
  return (order) => {
    if (order.kind === 'begin') return void (worker = new SaveWorker(order.share));
    if (order.kind !== 'finish' && !tryBegin(order)) return;
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
