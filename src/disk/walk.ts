/** Goes through a directory on disk, and says in order what is there; what has not changed since the last time is only looked at. */

import { accessSync, constants, fstatSync, lstatSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { StrataError, boundHeap, errno } from '../base/index.ts';
import { MAX_DEPTH, displayPath } from '../tree/index.ts';
import type { Selector, TreeRef } from '../tree/index.ts';
import type { Assembler } from './assembler.ts';
import { at, lstatAtText, manyNamesIn, nameBytes } from './at.ts';
import type { Names } from './at.ts';
import type { DirectoryChain } from './chain.ts';
import type { Exclude } from './exclude.ts';
import { isKnowable } from './foreseen.ts';
import type { Listing, Lookout, Seen } from './foreseen.ts';
import type { LeavingOut, LeftOutReason, Losses } from './left-out.ts';
import { looksOf } from './looks.ts';
import type { Looks } from './looks.ts';
import type { OffLimits } from './off-limits.ts';
import type { Pace } from './pace.ts';
import type { Reading } from './reading.ts';
import type { Recollection } from './recollection.ts';
import { TRIES, wasReplaced } from './scan-file.ts';
import { RECORDS } from './stat-cache.ts';
import { OUT_OF_RESOURCES } from './verdicts.ts';

export interface WalkWorld {
  readonly chain: DirectoryChain;
  readonly assembler: Assembler;
  readonly reading: Reading;
  readonly pace: Pace;
  /** Not for a walk that is to choose. */
  readonly look: Lookout | undefined;
  readonly recollection: Recollection;
  readonly exclude: Exclude | undefined;
  readonly select: Selector | undefined;
  readonly offLimits: OffLimits;
  readonly leftOut: LeavingOut;
  readonly losses: Losses;
  /** Whether the save is already known to be refused: then nothing more is read. */
  readonly isRefused: () => boolean;
}

/** From here on memory counts: a million files make a gigabyte of garbage. */
const MANY_FILES = 4096;

interface Frame {
  readonly name: Buffer;
  /** As for a `Lookout`. */
  readonly path: string;
  readonly looks: Looks;
  /** As `manyNamesIn` gives them. */
  readonly names: Names;
  /** What somebody else has seen in it. */
  readonly listing: Listing | undefined;
  /** `all`: what is in it need not be asked about. */
  readonly choice: Choice;
  next: number;
}

type Choice = ReturnType<Selector>;

export interface Walked {
  readonly looks: Looks;
  /** The tree, if nothing has changed; else the assembler has it when all was read. */
  readonly tree: TreeRef | undefined;
}

export class Walk {
  readonly #world: WalkWorld;
  /** Files so far, read or not. */
  readonly found = { files: 0, bytes: 0 };
  /** From the root, whose name is empty, down to where we are. */
  readonly #frames: Frame[] = [];

  constructor(world: WalkWorld) {
    this.#world = world;
  }

  /** Not recursive: directories may be thousands deep. @throws what ends the save */
  async run(): Promise<Walked> {
    const { chain, pace, reading, recollection } = this.#world;
    this.#open(undefined, fstatSync(chain.fd), 'enter');
    for (;;) {
      const frame = this.#frames.at(-1)!;
      const index = frame.next++;
      const name = frame.names.at(index);
      if (name !== undefined) {
        this.#visit(name, frame.listing?.at(index));
        if (reading.isFull) await reading.room();
        if (pace.step()) await pace.pause();
        continue;
      }
      const tree = recollection.leave();
      this.#frames.pop();
      if (this.#frames.length === 0) return { looks: frame.looks, tree };
      chain.leave();
    }
  }

  /** @param text a name, of which bytes are made where they are needed: of what is as it was they are not */
  #visit(text: string, seen: Seen | undefined): void {
    const { assembler, exclude, recollection } = this.#world;
    if (exclude?.(this.#textOf(text)) === true) return this.#leaveOut('excluded', text);
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        if (tries === 0 && seen !== undefined && this.#wasSeen(text, seen)) return;
        return this.#visitOnce(text);
      } catch (error) {
        if (wasReplaced(error)) continue;
        if (error instanceof StrataError || OUT_OF_RESOURCES.has(errno(error))) throw error;
        recollection.tell();
        return assembler.add({ kind: 'unreadable', name: nameBytes(text) });
      }
    }
    recollection.tell();
    assembler.add({ kind: 'changed', name: nameBytes(text) });
  }

  /** Goes by what somebody else saw a moment ago, as far as that can be believed. @returns false if it takes another look */
  #wasSeen(text: string, seen: Seen): boolean {
    const kind = seen.mode & constants.S_IFMT;
    if (kind === constants.S_IFREG) return this.#keepsFile(text, seen);
    if (kind === constants.S_IFLNK) return this.#keepsLink(text, seen);
    if (kind !== constants.S_IFDIR) return false;
    this.#enter(text, 'all');
    return true;
  }

  /** @throws the system's error */
  #visitOnce(text: string): void {
    const stats = lstatAtText(this.#world.chain.fd, text);
    // Removed since it was listed: as if the save had begun a moment later.
    if (stats === undefined) return;
    const choice = this.#choice(text, stats);
    if (choice === 'none') return;
    if (stats.isFile()) return this.#visitFile(text, stats);
    if (stats.isDirectory()) return this.#enter(text, choice);
    if (stats.isSymbolicLink()) return this.#visitLink(text, stats);
    this.#leaveOut(stats.isFIFO() ? 'fifo' : stats.isSocket() ? 'socket' : 'device', text);
  }

  #choice(text: string, stats: Stats): Choice {
    const { select } = this.#world;
    if (select === undefined || this.#frames.at(-1)!.choice === 'all') return 'all';
    return select(this.#textOf(text), stats.isDirectory());
  }

  #visitFile(text: string, stats: Stats): void {
    const { chain, assembler, reading, recollection } = this.#world;
    if (this.#keepsFile(text, stats)) return;
    this.#count(stats);
    recollection.tell();
    const name = nameBytes(text);
    // No more content for a save that will be refused; only what else is in its way.
    if (this.#world.isRefused()) return accessSync(at(chain.fd, name), constants.R_OK);
    const looks = this.#looksOf(name, stats);
    const slot = { directory: chain.fd, name, facts: stats, looks, tries: 0, outcome: undefined };
    assembler.add({ kind: 'slot', slot });
    reading.add(slot);
  }

  /** @returns whether it is as it was */
  #keepsFile(text: string, seen: Seen): boolean {
    const { pace, recollection } = this.#world;
    if (!recollection.keeps(text, RECORDS.file, seen)) return false;
    this.#count(seen);
    pace.files++;
    pace.bytes += seen.size;
    this.#noteLosses(text, seen);
    return true;
  }

  #count({ size }: Seen): void {
    this.found.files++;
    if (this.found.files === MANY_FILES) boundHeap();
    this.found.bytes += size;
  }

  /** @returns whether it is as it was */
  #keepsLink(text: string, seen: Seen): boolean {
    if (!this.#world.recollection.keeps(text, RECORDS.symlink, seen)) return false;
    this.#noteLosses(text, seen);
    return true;
  }

  #visitLink(text: string, stats: Stats): void {
    const { assembler, recollection } = this.#world;
    if (this.#keepsLink(text, stats)) return;
    this.#noteLosses(text, stats);
    const name = nameBytes(text);
    const target = readlinkSync(at(this.#world.chain.fd, name), 'buffer');
    const entry = { kind: 'symlink', name, ...this.#looksOf(name, stats), target } as const;
    recollection.tell();
    assembler.add({ kind: 'symlink', entry, facts: stats });
  }

  #enter(text: string, choice: Choice): void {
    const { chain, offLimits } = this.#world;
    if (this.#frames.length >= MAX_DEPTH)
      throw new StrataError('bad_input', `directories are nested deeper than ${MAX_DEPTH} levels`, {
        hint: 'Exclude the deep directory.',
        details: { path: displayPath(this.#pathOf(text).slice(0, 8)) },
      });
    chain.enter(nameBytes(text));
    try {
      const stats = fstatSync(chain.fd);
      if (!offLimits.has(chain.fd, stats)) return this.#open(text, stats, choice);
    } catch (error) {
      chain.leave();
      throw error;
    }
    this.#leaveOut('own', text);
    chain.leave();
  }

  /** For the directory that the chain has just entered. @param text its name in the directory above; undefined: the root */
  #open(text: string | undefined, stats: Stats, choice: Choice): void {
    const { fd } = this.#world.chain;
    const name = nameBytes(text ?? '');
    const path = text === undefined ? '' : `${this.#frames.at(-1)!.path}/${text}`;
    const listing = isKnowable(path) ? this.#world.look?.listing(path, stats) : undefined;
    const names = listing?.names ?? manyNamesIn(fd, stats);
    const looks = looksOf(stats, () => fstatSync(fd, { bigint: true }));
    this.#noteLosses(text ?? '', stats);
    this.#world.recollection.enter(name, looks, text);
    this.#frames.push({ name, path, looks, names, listing, choice, next: 0 });
  }

  #looksOf(name: Buffer, stats: Stats): Looks {
    return looksOf(stats, () => lstatSync(at(this.#world.chain.fd, name), { bigint: true }));
  }

  #noteLosses(text: string, stats: Seen): void {
    this.#world.losses.note(stats, () => this.#pathOf(text));
  }

  #leaveOut(reason: LeftOutReason, text: string): void {
    this.#world.leftOut[reason].add(this.#pathOf(text));
  }

  #textOf(text: string): string {
    return this.#pathOf(text)
      .map((part) => Buffer.from(part).toString())
      .join('/');
  }

  /** @param text empty for the root */
  #pathOf(text: string): Buffer[] {
    return [...this.#frames.slice(1).map(({ name }) => name), nameBytes(text)].filter(
      ({ length }) => length > 0,
    );
  }
}
