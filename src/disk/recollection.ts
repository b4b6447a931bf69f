/**
 * What a walk finds, held against what is known from the last time. As long as all in a directory is as it was, nobody is told a thing;
 * if it still is at the end, its tree is known. Else everything that was held back is told first, in order.
 */

import type { TreeRef } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { Assembler } from './assembler.ts';
import { PERMISSION_BITS } from './at.ts';
import type { Seen } from './foreseen.ts';
import type { Looks } from './looks.ts';
import { RECORDS } from './stat-cache.ts';
import type { StatCursor } from './stat-cursor.ts';

/** A directory that the walk is in. */
interface Level {
  readonly name: Uint8Array;
  readonly looks: Looks;
  /** Where its record starts; undefined: it is not known from the last time. */
  readonly enterAt: number | undefined;
  /** Whether all in it was as it is known so far, so that nobody was told anything of it yet. */
  clean: boolean;
  /** Records that are true, and that nobody was told of yet: [runFrom, runTo); in the innermost directory, up to the cursor. */
  runFrom: number;
  runTo: number;
}

/** For `runFrom`: there are none. */
const NO_RUN = -1;

export class Recollection {
  readonly #cursor: StatCursor | undefined;
  readonly #assembler: Assembler;
  readonly #hasNode: (tree: TreeRef) => boolean;
  readonly #has: (bytes: Uint8Array, at: number) => boolean;
  readonly #levels: Level[] = [];
  /** The last of them. */
  #level!: Level;

  /**
   * @param cursor at its start; undefined: nothing is known
   * @param treesHold else trees are made anew from what is known, without a look at any file
   */
  constructor(cursor: StatCursor | undefined, sink: ContentSink, assembler: Assembler, treesHold: boolean) {
    this.#cursor = cursor;
    this.#assembler = assembler;
    this.#has = (bytes, at) => sink.has?.(bytes, at) === true;
    this.#hasNode = ({ node }) => treesHold && sink.hasNode?.(node) === true;
  }

  /** Goes into a directory. @param text its name, one character a byte; undefined: the root */
  enter(name: Uint8Array, looks: Looks, text?: string): void {
    const cursor = this.#cursor;
    const level = { name, looks, clean: false, runFrom: NO_RUN, runTo: 0 };
    if (cursor === undefined || (text !== undefined && !this.#seek(text, RECORDS.enter))) {
      this.tell();
      this.#assembler.add({ kind: 'enter', name, looks });
      return this.#push({ ...level, enterAt: undefined });
    }
    const enterAt = cursor.at;
    if (text !== undefined) this.#level.runTo = enterAt;
    const known = cursor.looks();
    cursor.step();
    this.#push({ ...level, enterAt, clean: true });
    // Those of the root stand elsewhere.
    if (text !== undefined && (known.mode !== looks.mode || known.mtime !== looks.mtime)) this.tell();
  }

  /** Leaves the directory. @returns its tree, if all is as it is known */
  leave(): TreeRef | undefined {
    const level = this.#level;
    let tree: TreeRef | undefined;
    if (this.#cursor !== undefined && level.enterAt !== undefined) {
      this.#pass((cursor) => cursor.kind !== RECORDS.leave);
      tree = this.#cursor.tree();
      if (!level.clean || !this.#hasNode(tree)) {
        this.tell();
        tree = undefined;
      }
      this.#cursor.step();
    }
    this.#levels.pop();
    const above = this.#levels.at(-1);
    if (tree === undefined) this.#assembler.add({ kind: 'leave' });
    else if (above?.runFrom === NO_RUN) above.runFrom = level.enterAt!;
    if (above !== undefined) this.#level = above;
    return tree;
  }

  /** Whether a file or link is as it was, with all its chunks still there: then it is kept, and need not be told. */
  keeps(text: string, kind: typeof RECORDS.file | typeof RECORDS.symlink, stats: Seen): boolean {
    const cursor = this.#cursor;
    if (cursor === undefined || !this.#seek(text, kind)) return false;
    if (!cursor.matches(stats, stats.mode & PERMISSION_BITS)) return false;
    if (kind === RECORDS.file && !cursor.allChunks(this.#has)) return false;
    if (this.#level.runFrom === NO_RUN) this.#level.runFrom = cursor.at;
    cursor.step();
    return true;
  }

  /** Something is not as it was: tells all that was held back, so that it stands before what comes now. */
  tell(): void {
    for (const level of this.#levels) {
      if (level.clean) this.#assembler.add({ kind: 'enter', name: level.name, looks: level.looks });
      level.clean = false;
      if (level.runFrom === NO_RUN) continue;
      const { bytes, at } = this.#cursor!;
      const to = level === this.#level ? at : level.runTo;
      if (to > level.runFrom)
        this.#assembler.add({ kind: 'known', records: bytes.subarray(level.runFrom, to) });
      level.runFrom = NO_RUN;
    }
  }

  /** Moves the cursor to a name in the directory where we are. @returns whether there is a record of that name and kind */
  #seek(text: string, kind: number): boolean {
    const cursor = this.#cursor;
    if (cursor === undefined || this.#level.enterAt === undefined) return false;
    this.#pass(() => cursor.kind !== RECORDS.leave && cursor.compareName(text) < 0);
    return cursor.kind === kind && cursor.compareName(text) === 0;
  }

  /** Passes over records that are no longer true. */
  #pass(isOver: (cursor: StatCursor) => boolean): void {
    const cursor = this.#cursor!;
    if (!isOver(cursor)) return;
    this.tell();
    while (isOver(cursor)) cursor.skip();
  }

  #push(level: Level): void {
    this.#levels.push(level);
    this.#level = level;
  }
}
