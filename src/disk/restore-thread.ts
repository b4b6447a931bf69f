/** A thread of a restore: opens blocks, and writes what is in them. It never touches the store. */

import { serveThread } from '../base/index.ts';
import { BlockOpener } from '../vault/index.ts';
import type { BlockShare, SealedBlocks } from '../vault/index.ts';
import { Filler, fillRun } from './fill.ts';
import type { FillerOptions } from './fill.ts';
import type { Schedule } from './schedule.ts';

export interface ThreadData {
  readonly schedule: Schedule;
  readonly share: BlockShare;
  /** The descriptor of the directory that is restored into: threads share them. */
  readonly root: number;
  readonly filling: FillerOptions;
}

export interface ThreadOrder {
  /** Counted: the rows of one mean other things than those of the next. */
  readonly window: number;
  readonly sealed: SealedBlocks | undefined;
  /** As in a `Run`. */
  readonly starts: readonly number[];
}

/** What came of an order. */
export interface ThreadAnswer {
  readonly files: number;
  readonly bytes: number;
}

serveThread<ThreadData, ThreadOrder, ThreadAnswer>(({ schedule, share, root, filling }, post) => {
  const opener = BlockOpener.of(share);
  let filler = new Filler(schedule, root, filling);
  let window = 0;
  return (order) => {
    if (order.window !== window) {
      filler[Symbol.dispose]();
      filler = new Filler(schedule, root, filling);
      window = order.window;
    }
    const before = { files: filler.files, bytes: filler.bytes };
    fillRun(filler, schedule.pieces, opener, order.sealed, order.starts);
    post({ files: filler.files - before.files, bytes: filler.bytes - before.bytes });
  };
});
