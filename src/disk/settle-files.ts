/** What a thread answers to a job of files becomes the verdict on each of them. */

import { contentOf } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { FileSlot } from './assembler.ts';
import type { Pace } from './pace.ts';
import { CHANGED, FAILED, systemErrorOf } from './save-order.ts';
import type { FilesAnswer } from './save-threads.ts';
import type { Verdicts } from './verdicts.ts';

/** @param slots in the order of the job @throws as `Verdicts` */
export function settleFiles(
  slots: readonly FileSlot[],
  { lengths, extents, failures }: FilesAnswer,
  verdicts: Verdicts,
  { sink, pace }: { readonly sink: ContentSink; readonly pace: Pace },
): void {
  const errors = new Map(failures.map(([file, code, error]) => [file, systemErrorOf(code, error)]));
  let position = 0;
  for (const [file, slot] of slots.entries()) {
    const length = lengths[file]!;
    if (length === FAILED) verdicts.error(slot, errors.get(file));
    else if (length === CHANGED) verdicts.content(slot, undefined);
    else {
      const own = extents.subarray(position, position + length);
      position += length;
      const { size } = slot.facts;
      pace.bytes += size;
      verdicts.content(slot, { ...contentOf(sink, own, size), extents: own });
    }
  }
}
