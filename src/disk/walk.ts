/** Goes through a directory on disk, and says in order what is there; what has not changed since the last time is only looked at. */

import { accessSync, constants, fstatSync, lstatSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { StrataError, errno } from '../base/index.ts';
import { MAX_DEPTH, displayPath } from '../tree/index.ts';
import type { TreeRef } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { Assembler } from './assembler.ts';
import { PERMISSION_BITS, at, lstatAt, nameBytes, namesIn } from './at.ts';
import type { DirectoryChain } from './chain.ts';
import type { Exclude } from './exclude.ts';
import type { LeavingOut, LeftOutReason, Losses } from './left-out.ts';
import { looksOf } from './looks.ts';
import type { Looks } from './looks.ts';
import type { OffLimits } from './off-limits.ts';
import type { Pace } from './pace.ts';
import type { Reading } from './reading.ts';
import { TRIES, wasReplaced } from './scan-file.ts';
import { RECORDS } from './stat-cache.ts';
import type { StatCursor } from './stat-cursor.ts';
import { OUT_OF_RESOURCES } from './verdicts.ts';

export interface WalkWorld {
  readonly chain: DirectoryChain;
  readonly sink: ContentSink;
  readonly assembler: Assembler;
  readonly reading: Reading;
  readonly pace: Pace;
  /** What is known from the last time, at its start. */
  readonly cursor: StatCursor | undefined;
  readonly exclude: Exclude | undefined;
  readonly offLimits: OffLimits;
  readonly leftOut: LeavingOut;
  readonly losses: Losses;
  /** Whether the save is already known to be refused: then nothing more is read. */
  readonly isRefused: () => boolean;
}

interface Frame {
  readonly name: Buffer;
  readonly looks: Looks;
  /** As `namesIn` gives them. */
  readonly names: readonly string[];
  next: number;
  /** Where its record starts; undefined: it is not known from the last time. */
  readonly enterAt: number | undefined;
  /** Whether all in it was as it is known so far, so that nobody was told anything of it yet. */
  clean: boolean;
  /** Records that are true, and that nobody was told of yet: [runFrom, runTo); while we are in this directory, up to the cursor. */
  runFrom: number;
  runTo: number;
}

/** For `runFrom`: there are none. */
const NO_RUN = -1;

export interface Walked {
  readonly looks: Looks;
  /** The tree, if nothing has changed; else the assembler has it when all was read. */
  readonly tree: TreeRef | undefined;
}

export class Walk {
  readonly #world: WalkWorld;
  /** From the root, whose name is empty, down to where we are. */
  readonly #frames: Frame[] = [];

  constructor(world: WalkWorld) {
    this.#world = world;
  }

  /** Not recursive: directories may be thousands deep. @throws what ends the save */
  async run(): Promise<Walked> {
    const { chain, pace, reading } = this.#world;
    this.#open(Buffer.alloc(0), fstatSync(chain.fd));
    for (;;) {
      const frame = this.#frame;
      const name = frame.names[frame.next++];
      if (name !== undefined) {
        this.#visit(name);
        if (reading.isFull) await reading.room();
        if (pace.step()) await pace.pause();
        continue;
      }
      const tree = this.#leave(frame);
      if (this.#frames.length === 0) return { looks: frame.looks, tree };
      chain.leave();
    }
  }

  get #frame(): Frame {
    return this.#frames.at(-1)!;
  }

  #visit(text: string): void {
    const { assembler, exclude } = this.#world;
    const name = nameBytes(text);
    if (exclude?.(this.#textOf(name)) === true) return this.#leaveOut('excluded', name);
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        return this.#visitOnce(text, name);
      } catch (error) {
        if (wasReplaced(error)) continue;
        if (error instanceof StrataError || OUT_OF_RESOURCES.has(errno(error))) throw error;
        this.#tell();
        return assembler.add({ kind: 'unreadable', name });
      }
    }
    this.#tell();
    assembler.add({ kind: 'changed', name });
  }

  /** @throws the system's error */
  #visitOnce(text: string, name: Buffer): void {
    const stats = lstatAt(this.#world.chain.fd, name);
    // Removed since it was listed: as if the save had begun a moment later.
    if (stats === undefined) return;
    if (stats.isFile()) return this.#visitFile(text, name, stats);
    if (stats.isDirectory()) return this.#enter(text, name);
    if (stats.isSymbolicLink()) return this.#visitLink(text, name, stats);
    this.#leaveOut(stats.isFIFO() ? 'fifo' : stats.isSocket() ? 'socket' : 'device', name);
  }

  #visitFile(text: string, name: Buffer, stats: Stats): void {
    const { chain, assembler, reading, pace } = this.#world;
    if (this.#isKnown(text, RECORDS.file, stats)) {
      this.#noteLosses(name, stats);
      pace.files++;
      pace.bytes += stats.size;
      return this.#keep();
    }
    this.#tell();
    // No more content for a save that will be refused; only what else is in its way.
    if (this.#world.isRefused()) return accessSync(at(chain.fd, name), constants.R_OK);
    const looks = this.#looksOf(name, stats);
    const slot = { directory: chain.fd, name, facts: stats, looks, tries: 0, outcome: undefined };
    assembler.add({ kind: 'slot', slot });
    reading.add(slot);
  }

  #visitLink(text: string, name: Buffer, stats: Stats): void {
    this.#noteLosses(name, stats);
    if (this.#isKnown(text, RECORDS.symlink, stats)) return this.#keep();
    const target = readlinkSync(at(this.#world.chain.fd, name), 'buffer');
    const entry = { kind: 'symlink', name, ...this.#looksOf(name, stats), target } as const;
    this.#tell();
    this.#world.assembler.add({ kind: 'symlink', entry, facts: stats });
  }

  #enter(text: string, name: Buffer): void {
    const { chain, offLimits } = this.#world;
    if (this.#frames.length >= MAX_DEPTH)
      throw new StrataError('bad_input', `directories are nested deeper than ${MAX_DEPTH} levels`, {
        hint: 'Exclude the deep directory.',
        details: { path: displayPath(this.#pathOf(name).slice(0, 8)) },
      });
    chain.enter(name);
    try {
      const stats = fstatSync(chain.fd);
      if (!offLimits.has(chain.fd, stats)) return this.#open(name, stats, text);
    } catch (error) {
      chain.leave();
      throw error;
    }
    this.#leaveOut('own', name);
    chain.leave();
  }

  /** For the directory that the chain has just entered. @param text its name in the directory above; undefined: the root */
  #open(name: Buffer, stats: Stats, text?: string): void {
    const { chain, assembler, cursor } = this.#world;
    const { fd } = chain;
    const names = namesIn(fd);
    const looks = looksOf(stats, () => fstatSync(fd, { bigint: true }));
    this.#noteLosses(name, stats);
    const frame = { name, looks, names, next: 0, clean: false, runFrom: NO_RUN, runTo: 0 };
    if (cursor === undefined || (text !== undefined && !this.#seek(text, RECORDS.enter))) {
      this.#tell();
      assembler.add({ kind: 'enter', name, looks });
      this.#frames.push({ ...frame, enterAt: undefined });
      return;
    }
    const enterAt = cursor.at;
    if (text !== undefined) this.#frame.runTo = enterAt;
    const known = cursor.looks();
    cursor.step();
    this.#frames.push({ ...frame, enterAt, clean: true });
    // Those of the root stand elsewhere.
    if (text !== undefined && (known.mode !== looks.mode || known.mtime !== looks.mtime)) this.#tell();
  }

  /** @returns its tree, if it is as it is known */
  #leave(frame: Frame): TreeRef | undefined {
    const { assembler, sink, cursor } = this.#world;
    let tree: TreeRef | undefined;
    if (cursor !== undefined && frame.enterAt !== undefined) {
      this.#pass(() => cursor.kind !== RECORDS.leave);
      tree = cursor.tree();
      if (sink.hasNode?.(tree.node) !== true || !frame.clean) {
        this.#tell();
        tree = undefined;
      }
      cursor.step();
    }
    this.#frames.pop();
    if (tree === undefined) assembler.add({ kind: 'leave' });
    else if (this.#frames.length > 0 && this.#frame.runFrom === NO_RUN) this.#frame.runFrom = frame.enterAt!;
    return tree;
  }

  /** Whether a file or link is as the record says where the cursor is then. */
  #isKnown(text: string, kind: number, stats: Stats): boolean {
    const { cursor, sink } = this.#world;
    if (cursor === undefined || !this.#seek(text, kind)) return false;
    if (!cursor.matches(stats, stats.mode & PERMISSION_BITS)) return false;
    return (
      kind === RECORDS.symlink ||
      (sink.has !== undefined && cursor.allChunks((bytes, from) => sink.has!(bytes, from)))
    );
  }

  /** Moves the cursor to a name in the directory where we are. @returns whether there is a record of that name and kind */
  #seek(text: string, kind: number): boolean {
    const { cursor } = this.#world;
    if (cursor === undefined || this.#frame.enterAt === undefined) return false;
    this.#pass(() => cursor.kind !== RECORDS.leave && cursor.compareName(text) < 0);
    return cursor.kind === kind && cursor.compareName(text) === 0;
  }

  /** Passes over records that are no longer true. */
  #pass(isOver: () => boolean): void {
    if (!isOver()) return;
    this.#tell();
    while (isOver()) this.#world.cursor!.skip();
  }

  /** The record at the cursor is true. */
  #keep(): void {
    const { cursor } = this.#world;
    if (this.#frame.runFrom === NO_RUN) this.#frame.runFrom = cursor!.at;
    cursor!.step();
  }

  /** Something is not as it was: tells all that was held back, so that it stands before what comes now. */
  #tell(): void {
    const { assembler, cursor } = this.#world;
    for (const frame of this.#frames) {
      if (frame.clean) assembler.add({ kind: 'enter', name: frame.name, looks: frame.looks });
      frame.clean = false;
      if (frame.runFrom === NO_RUN) continue;
      const to = frame === this.#frame ? cursor!.at : frame.runTo;
      if (to > frame.runFrom)
        assembler.add({ kind: 'known', records: cursor!.bytes.subarray(frame.runFrom, to) });
      frame.runFrom = NO_RUN;
    }
  }

  #looksOf(name: Buffer, stats: Stats): Looks {
    return looksOf(stats, () => lstatSync(at(this.#world.chain.fd, name), { bigint: true }));
  }

  #noteLosses(name: Buffer, stats: Stats): void {
    this.#world.losses.note(stats, () => this.#pathOf(name));
  }

  #leaveOut(reason: LeftOutReason, name: Buffer): void {
    this.#world.leftOut[reason].add(this.#pathOf(name));
  }

  #textOf(name: Buffer): string {
    return this.#pathOf(name)
      .map((part) => Buffer.from(part).toString())
      .join('/');
  }

  #pathOf(name: Buffer): Buffer[] {
    return [...this.#frames.slice(1).map((frame) => frame.name), name].filter((part) => part.length > 0);
  }
}
