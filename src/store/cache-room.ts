/** Keeps a cache below its bound: what was used least lately goes. Several processes may do that at a time. */

import { lstatSync, unlinkSync } from 'node:fs';

import { HOLDER_PATTERN, errno, fateOf, giveWay } from '../base/index.ts';
import type { Clock, Random } from '../base/index.ts';
import { remove, removeEmpty } from './cache-directory.ts';
import type { HeldDirectory } from './cache-directory.ts';
import { DRAFTS, TALLY, isEntryName, isObjectDirectory } from './cache-names.ts';
import { NewTally, addToTally, costOf, readTally } from './cache-tally.ts';

/** Of the bound: what is left when room was made, so that it is made seldom. */
const LEFT = 0.9;
/** Names that are looked at before others have their turn: about 2 ms. */
const LOOKS_AT_ONCE = 256;
/** Milliseconds after which an unfinished file goes whose process cannot be seen from here. */
const DRAFT_AGE = 60 * 60_000;
const TRIES = 8;
const OTHERS: ReadonlySet<string> = new Set([DRAFTS, TALLY]);
const DRAFT = new RegExp(`^(${HOLDER_PATTERN})\\.`);

interface Entry {
  /** Of its object. */
  readonly directory: string;
  readonly name: string;
  /** Bytes. */
  readonly cost: number;
  /** Milliseconds since it was used last, or until then: clocks are set back. */
  readonly age: number;
}

export interface RoomOptions {
  /** Bytes. */
  readonly most: number;
  readonly now: Clock;
  readonly random: Random;
}

export class Room {
  readonly #options: RoomOptions;
  #making: Promise<void> | undefined;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /**
   * @param size of a file, bytes, that is there soon
   * @returns false if others were always faster
   * @throws the system's error, if nothing can be removed
   */
  async take(root: HeldDirectory, size: number): Promise<boolean> {
    const cost = costOf(size);
    for (let tries = 0; tries < TRIES; tries++) {
      const total = readTally(root);
      if (total !== undefined && total + cost <= this.#options.most) {
        addToTally(root, cost);
        return true;
      }
      // All that need room wait for the one who makes it.
      await (this.#making ??= this.#make(root, cost).finally(() => (this.#making = undefined)));
    }
    return false;
  }

  async #make(root: HeldDirectory, wanted: number): Promise<void> {
    const { most, now, random } = this.#options;
    using tally = new NewTally(root);
    using drafts = root.enterOrMake(DRAFTS);
    removeDrafts(drafts, now);
    const entries = await listEntries(root, now());
    let total = entries.reduce((sum, { cost }) => sum + cost, 0);
    entries.sort((a, b) => b.age - a.age);
    let looks = 0;
    for (const entry of entries) {
      if (total + wanted <= most * LEFT) break;
      if (++looks % LOOKS_AT_ONCE === 0) await giveWay();
      removeEntry(root, entry);
      total -= entry.cost;
    }
    tally.publish(total, drafts, random);
  }
}

/** Removes what is no entry on the way: all that lies here is ours. */
async function listEntries(root: HeldDirectory, time: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let looks = 0;
  for (const directory of root.names()) {
    if (++looks % LOOKS_AT_ONCE === 0) await giveWay();
    if (!isObjectDirectory(directory)) {
      if (!OTHERS.has(directory)) remove(root.at(directory));
      continue;
    }
    using object = root.enter(directory);
    if (object === undefined) continue;
    let isEmpty = true;
    for (const name of object.names()) {
      if (++looks % LOOKS_AT_ONCE === 0) await giveWay();
      const stats = lstatSync(object.at(name), { throwIfNoEntry: false });
      if (stats === undefined) continue;
      if (isEntryName(name) && stats.isFile()) {
        entries.push({ directory, name, cost: costOf(stats.size), age: Math.abs(time - stats.mtimeMs) });
        isEmpty = false;
      } else {
        remove(object.at(name));
      }
    }
    if (isEmpty) removeEmpty(root.at(directory));
  }
  return entries;
}

function removeEntry(root: HeldDirectory, { directory, name }: Entry): void {
  using object = root.enter(directory);
  if (object === undefined) return;
  try {
    unlinkSync(object.at(name));
  } catch (error) {
    // Another process makes room too.
    if (errno(error) !== 'ENOENT') throw error;
  }
  removeEmpty(root.at(directory));
}

/** Removes those of dead processes. */
export function removeDrafts(drafts: HeldDirectory, now: Clock): void {
  for (const name of drafts.names()) {
    const stats = lstatSync(drafts.at(name), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const holder = DRAFT.exec(name)?.[1];
    const fate = holder === undefined ? 'dead' : fateOf(holder);
    if (fate === 'dead' || (fate === 'unknown' && now() - stats.mtimeMs > DRAFT_AGE)) remove(drafts.at(name));
  }
}
