/** What a walk finds becomes a tree, in the order of the walk, while files of it are still being read elsewhere. */

import type { Stats } from 'node:fs';

import { isStrataError } from '../base/index.ts';
import { DirectoryBuilder } from '../tree/index.ts';
import type { SymlinkEntry, TreeRef } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { CutContent } from './cut-file.ts';
import type { Losses } from './left-out.ts';
import type { Looks } from './looks.ts';
import type { Facts } from './scan-file.ts';
import { damagedMemory } from './stat-cache.ts';
import type { StatCacheWriter } from './stat-cache.ts';
import { StatCursor } from './stat-cursor.ts';
import { Tallying } from './tally.ts';

/** A file that is to be read. */
export interface FileSlot {
  /** An open directory. */
  readonly directory: number;
  readonly name: Buffer;
  /** As `lstat` gave them before the last try. */
  facts: Stats;
  looks: Looks;
  tries: number;
  /** Undefined while it is not yet decided. */
  outcome: Outcome | undefined;
}

export type Outcome =
  | { readonly kind: 'file'; readonly content: CutContent }
  | { readonly kind: 'symlink'; readonly target: Uint8Array }
  /** What was there is there no more: as if the save had begun a moment later. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'changed' };

type Item =
  | { readonly kind: 'enter'; readonly name: Uint8Array; readonly looks: Looks }
  | { readonly kind: 'leave' }
  | { readonly kind: 'slot'; readonly slot: FileSlot }
  | { readonly kind: 'symlink'; readonly entry: SymlinkEntry; readonly facts: Facts }
  | { readonly kind: 'unreadable' | 'changed'; readonly name: Uint8Array }
  /** Records of a stat cache that are still true. */
  | { readonly kind: 'known'; readonly records: Uint8Array };

interface Open {
  readonly name: Uint8Array;
  readonly looks: Looks;
  readonly builder: DirectoryBuilder;
}

/** Items that may be passed before their place in the queue is given back. */
const SPENT = 4096;

export class Assembler {
  readonly unreadable = new Tallying();
  readonly changed = new Tallying();
  readonly #sink: ContentSink;
  readonly #cache: StatCacheWriter | undefined;
  readonly #losses: Losses;
  readonly #open: Open[] = [];
  #items: Item[] = [];
  #next = 0;
  #tree: TreeRef | undefined;

  constructor(sink: ContentSink, losses: Losses, cache: StatCacheWriter | undefined) {
    this.#sink = sink;
    this.#losses = losses;
    this.#cache = cache;
  }

  /** The root's, when it was left. */
  get tree(): TreeRef | undefined {
    return this.#tree;
  }

  /** Items that wait for a slot before them to be decided. */
  get waiting(): number {
    return this.#items.length - this.#next;
  }

  /** Items come in the order of a walk. */
  add(item: Item): void {
    if (this.#next === this.#items.length && this.#take(item)) return;
    this.#items.push(item);
  }

  /** To be called when a slot was decided. */
  advance(): void {
    while (this.#next < this.#items.length && this.#take(this.#items[this.#next]!)) this.#next++;
    if (this.#next < SPENT && this.#next < this.#items.length) return;
    this.#items = this.#items.slice(this.#next);
    this.#next = 0;
  }

  /** @returns false if it cannot be told yet what becomes of it */
  #take(item: Item): boolean {
    switch (item.kind) {
      case 'enter':
        this.#cache?.enter(item.name, item.looks);
        this.#open.push({ name: item.name, looks: item.looks, builder: new DirectoryBuilder(this.#sink) });
        return true;
      case 'leave':
        this.#leave();
        return true;
      case 'symlink':
        return this.#takeLink(item.entry, item.facts);
      case 'slot':
        return this.#takeSlot(item.slot);
      case 'known':
        this.#addKnown(item.records);
        return true;
      case 'unreadable':
      case 'changed':
        this[item.kind].add(this.#pathOf(item.name));
        return true;
    }
  }

  #addKnown(records: Uint8Array): void {
    try {
      for (const entry of StatCursor.entries(records, this.#sink)) this.#builder.add(entry);
    } catch (error) {
      // What a builder refuses from anybody else is a mistake of ours.
      throw isStrataError(error, 'internal') ? damagedMemory(error) : error;
    }
    this.#cache?.copy(records);
  }

  #takeSlot({ outcome, name, looks, facts }: FileSlot): boolean {
    switch (outcome?.kind) {
      case undefined:
        return false;
      case 'file':
        this.#losses.note(facts, () => this.#pathOf(name));
        this.#takeFile(name, looks, facts, outcome.content);
        return true;
      case 'symlink':
        return this.#takeLink({ kind: 'symlink', name, ...looks, target: outcome.target }, facts);
      case 'gone':
        return true;
      case 'unreadable':
      case 'changed':
        this[outcome.kind].add(this.#pathOf(name));
        return true;
    }
  }

  #takeLink(entry: SymlinkEntry, facts: Facts): true {
    this.#builder.add(entry);
    this.#cache?.symlink(entry, facts);
    return true;
  }

  #takeFile(name: Uint8Array, looks: Looks, facts: Facts, { size, content, extents }: CutContent): void {
    this.#builder.add({ kind: 'file', name, ...looks, size, content });
    this.#cache?.file({ name, ...looks }, facts, extents);
  }

  #leave(): void {
    const { name, looks, builder } = this.#open.pop()!;
    const tree = builder.finish();
    this.#cache?.leave(tree);
    if (this.#open.length === 0) this.#tree = tree;
    else this.#builder.add({ kind: 'directory', name, ...looks, tree });
  }

  get #builder(): DirectoryBuilder {
    return this.#open.at(-1)!.builder;
  }

  #pathOf(name: Uint8Array): Uint8Array[] {
    return [...this.#open.slice(1).map((open) => open.name), name].filter((part) => part.length > 0);
  }
}
