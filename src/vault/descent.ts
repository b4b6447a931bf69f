/**
 * Down a tree, level by level, together with another one that is known to be whole: where the two have the same node on one level, or the
 * other one has shown it further up, everything below is there, and is passed over. Of the rest each node is given once.
 *
 * By the ids of nodes, not by names: nodes also differ where only a time does, and what moved within a level is found where it is now.
 */

import { ahead, giveWay } from '../base/index.ts';
import type { Cancellable, Sha256 } from '../base/index.ts';
import { references } from '../tree/index.ts';
import type { References } from '../tree/index.ts';
import { IdTable } from './id-table.ts';

/** Nodes that are read at a time; most of them are in blocks that others of them have fetched. */
const AT_ONCE = 16;

export interface FoundNode extends References {
  /** Good until the next one is asked for, as is all else. */
  readonly node: Uint8Array;
}

export interface DescentOptions extends Cancellable {
  /** Reads a node of the tree. */
  readonly read: (id: Sha256) => Promise<Uint8Array>;
  /** Top of the other tree. */
  readonly whole?: Sha256 | undefined;
  /** Reads a node of the other tree. */
  readonly readWhole: (id: Sha256) => Promise<Uint8Array>;
  /** Is told of files that are passed over, in bytes. */
  readonly onPassed: (bytes: number) => void;
}

/** @throws integrity, unsupported_format; what the readers throw; cancelled */
export async function* descend(
  top: Sha256,
  size: number,
  options: DescentOptions,
): AsyncGenerator<FoundNode> {
  const { read, readWhole, onPassed, signal } = options;
  // In the order in which they are met, so each level is a range of numbers.
  const met = new IdTable();
  const sizes: number[] = [size];
  const whole = new IdTable();
  met.add(top);
  if (options.whole !== undefined) whole.add(options.whole);
  let [from, wholeFrom] = [0, 0];
  while (from < met.size) {
    const end = met.size;
    const wholeEnd = whole.size;
    // What both have is passed over, so what is below it need not be known.
    const differs = (id: Sha256) => met.find(id) === -1;
    for await (const { nodes } of readRange(whole, wholeFrom, wholeEnd, readWhole, differs, signal))
      for (const id of nodes) whole.add(id);
    wholeFrom = wholeEnd;
    const isNew = (id: Sha256, number: number) => {
      if (whole.find(id) === -1) return true;
      onPassed(sizes[number]!);
      return false;
    };
    for await (const found of readRange(met, from, end, read, isNew, signal)) {
      for (const [at, id] of found.nodes.entries()) {
        if (met.add(id)) sizes.push(found.bytes[at]!);
        else onPassed(found.bytes[at]!);
      }
      yield found;
    }
    from = end;
  }
}

/** The nodes of a table with numbers in `[from, end)` that are wanted, read several at a time. */
async function* readRange(
  table: IdTable,
  from: number,
  end: number,
  read: (id: Sha256) => Promise<Uint8Array>,
  isWanted: (id: Sha256, number: number) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundNode> {
  const wanted = function* () {
    for (let at = from; at < end; at++) {
      const id = table.at(at);
      if (isWanted(id, at)) yield id;
    }
  };
  let count = 0;
  for await (const { id, node } of ahead(wanted(), AT_ONCE, async (each) => ({
    id: each,
    node: await read(each),
  }))) {
    if (count++ % AT_ONCE === 0) await giveWay(signal);
    yield { node, ...references(id, node) };
  }
}
