/** A thread of a restore: opens blocks, and writes what is in them. It never touches the store. */

import { serveThread } from '../base/index.ts';
import { BlockOpener } from '../vault/index.ts';
import type { BlockShare, SealedBlocks } from '../vault/index.ts';
import { Filler, fillRun } from './fill.ts';
import type { Filled, FillerOptions } from './fill.ts';
import type { Schedule } from './schedule.ts';

/** The first order: a thread is started before it is known what for. */
export interface ThreadBegin {
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
export type ThreadAnswer = Filled;

interface Begun extends ThreadBegin {
  readonly opener: BlockOpener;
  filler: Filler;
  window: number;
}

serveThread<undefined, ThreadBegin | ThreadOrder, ThreadAnswer>((_, post) => {
  let begun: Begun | undefined;
  return (order) => {
    if (!('window' in order)) {
      const filler = new Filler(order.schedule, order.root, order.filling);
      begun = { ...order, opener: BlockOpener.of(order.share), filler, window: 0 };
    } else post(fill(begun!, order));
  };
});

function fill(begun: Begun, { window, sealed, starts }: ThreadOrder): ThreadAnswer {
  const { schedule, root, filling, opener } = begun;
  if (window !== begun.window) {
    begun.filler[Symbol.dispose]();
    begun.filler = new Filler(schedule, root, filling);
    begun.window = window;
  }
  return fillRun(begun.filler, schedule.pieces, opener, sealed, starts);
}
