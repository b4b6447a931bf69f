/** Writes one directory: its entries become pages, and indexes over them if need be, while they arrive. */

import { EMPTY, StrataError, compareBytes } from '../base/index.ts';
import { digestNode } from './directory-digest.ts';
import { writeDirectory } from './directory-node.ts';
import type { DirectoryNode, Subtree } from './directory-node.ts';
import type { Entry, TreeRef } from './entry.ts';
import { checkEntry } from './limits.ts';
import type { NodeSink } from './node.ts';
import { Pager, nameHash } from './paging.ts';
import { isSafe, summarize } from './summary.ts';

/** Entries and index items of a node, at least, unless it is the last of its level. */
const MIN_ITEMS = 256;

export class DirectoryBuilder {
  readonly #pager: Pager<Entry, Subtree>;
  #last: Uint8Array | undefined;

  constructor(sink: NodeSink) {
    this.#pager = new Pager({
      minimum: MIN_ITEMS,
      hash: (item) => nameHash(item.name),
      page: (items) => store(sink, { kind: 'page', level: 0, items }),
      index: (level, items) => store(sink, { kind: 'index', level, items }),
    });
  }

  /**
   * Names come in ascending order of their bytes, each once. The entry and its bytes must not change until `finish`.
   *
   * @throws internal if it is out of order or no legal entry: whoever found the name checks it before
   */
  add(entry: Entry): void {
    checkEntry(entry, refuse);
    if (this.#last !== undefined && compareBytes(this.#last, entry.name) >= 0)
      refuse('the names of a directory are not in ascending order');
    this.#last = entry.name;
    this.#pager.add(entry);
  }

  /** Call once. @throws bad_input if the directory holds more than numbers can count */
  finish(): TreeRef {
    return this.#pager.finish().tree;
  }
}

function store(sink: NodeSink, node: DirectoryNode): Subtree {
  const summary = summarize(node.items);
  if (!isSafe(summary)) {
    throw new StrataError('bad_input', 'a directory holds more than 2^53 - 1 bytes', {
      hint: 'Exclude some of its sparse files.',
    });
  }
  const bytes = writeDirectory(node);
  // The digest first: nobody knows what a sink does before it returns, and it may write nodes of its own.
  const digest = digestNode(bytes);
  const tree: TreeRef = { node: sink.node(bytes), digest, summary };
  return { kind: 'subtree', level: node.level, name: node.items[0]?.name ?? EMPTY, tree };
}

function refuse(reason: string): never {
  throw new StrataError('internal', `a directory cannot be written: ${reason}`);
}
