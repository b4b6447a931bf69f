/** The part of a writer that works on a thread of its own: it hashes, looks up, packs and seals, and stores nothing. */

import { inspect } from 'node:util';

import { sha256, systemRandom } from '../base/index.ts';
import type { Branded, Sha256 } from '../base/index.ts';
import type { CutTables, SealingKey } from '../chunk/index.ts';
import { sharedIndex } from './chunk-index.ts';
import type { IndexShare, SharedIndex } from './chunk-index.ts';
import { packId } from './names.ts';
import type { IntentId, TenantId } from './names.ts';
import { PackMaker } from './pack-maker.ts';
import type { PackPart } from './pack-maker.ts';
import { SharedIds } from './shared-ids.ts';
import type { IdsShare } from './shared-ids.ts';

/** What a thread needs to take chunks for a save. Not to be looked into, kept or printed: it holds a key. */
export type WriterShare = Branded<object, 'writer share'>;

interface Shared {
  readonly tenant: TenantId;
  readonly key: SealingKey;
  readonly cutTables: CutTables;
  readonly intent: IntentId;
  readonly packs: Uint32Array;
  readonly index: IndexShare;
  /** What the save has taken over. */
  readonly takenOver: IndexShare | undefined;
  readonly own: IdsShare;
}

export function shareWriter(shared: Shared): WriterShare {
  // Not enumerable, so that a message to a thread can carry the rest.
  return Object.defineProperty(shared, inspect.custom, { value: () => '[keys]' }) as object as WriterShare;
}

/** What a thread made, for the writer that it works for. */
export interface ThreadOutput {
  readonly part: PackPart | undefined;
  /** Plain bytes of file data that nobody had, since the last output. */
  readonly newBytes: number;
}

export class ThreadWriter {
  readonly cutTables: CutTables;
  readonly #index: SharedIndex;
  readonly #takenOver: SharedIndex | undefined;
  readonly #own: SharedIds;
  readonly #maker: PackMaker;
  readonly #emit: (output: ThreadOutput) => void;
  #newBytes = 0;

  /** @param emit takes over each output, and the memory of its bytes */
  constructor(share: WriterShare, emit: (output: ThreadOutput) => void) {
    const { tenant, key, intent, packs, index, takenOver, own, cutTables } = share as object as Shared;
    this.cutTables = cutTables;
    this.#index = sharedIndex(index);
    this.#takenOver = takenOver && sharedIndex(takenOver);
    this.#own = new SharedIds(own);
    this.#emit = emit;
    this.#maker = new PackMaker({
      type: 'data',
      tenant,
      key,
      random: systemRandom,
      nextPackId: () => packId(intent, Atomics.add(packs, 0, 1)),
      emit: (part) => this.#give(part),
    });
  }

  /** As `ContentSink.chunk`. */
  chunk(bytes: Uint8Array): Sha256 {
    const id = sha256(bytes);
    const isKnown = this.#index.hasAt(id, 0) || this.#takenOver?.hasAt(id, 0) === true;
    if (!isKnown && this.#own.claim(id, 0)) {
      this.#newBytes += bytes.length;
      this.#maker.add(id, bytes);
    }
    return id;
  }

  /** Gives away what is still open. */
  finish(): void {
    this.#maker.finish();
    this.#give(undefined);
  }

  #give(part: PackPart | undefined): void {
    const newBytes = this.#newBytes;
    this.#newBytes = 0;
    this.#emit({ part, newBytes });
  }
}
