/**
 * What a merge found in conflict, in few bytes: a million writers as objects, each with a digest in hex, would take more memory than the trees
 * that they are about. What is asked for is made then.
 */

import { compareBytes, toHex } from '../base/index.ts';
import type { Claim } from './claim.ts';
import type { Entry } from './entry.ts';
import { entryDigestBytes } from './entry-digest.ts';
import type { Path } from './path.ts';

/** Of one path. */
export interface MergeConflict {
  readonly path: Path;
  /** Each once, in order of application: all that are seen there, whether they differ from each other or not. */
  readonly writers: readonly ConflictWriter[];
}

export interface ConflictWriter {
  /** Of the writer's layers the last that has the path; counted from 0. */
  readonly layer: number;
  readonly kind: Entry['kind'];
  readonly mode: number;
  /** As of `entryDigest`. */
  readonly digest: string | undefined;
}

/** As much of a list as is wanted of conflicts; an array of them is one. */
export interface Conflicts<Conflict = MergeConflict> extends Iterable<Conflict> {
  readonly length: number;
  at(index: number): Conflict | undefined;
  map<Made>(make: (conflict: Conflict) => Made): Made[];
}

const KINDS = ['file', 'directory', 'symlink', 'whiteout'] as const satisfies readonly Entry['kind'][];

/** A record begins with how long its path is, and how many writers it has. */
const HEAD_BYTES = 8;
/** Of a writer: layer, mode, kind, and the digest, which is zeros for a whiteout. */
const MODE_AT = 4;
const KIND_AT = 6;
const DIGEST_AT = 7;
const DIGEST_BYTES = 32;
const WRITER_BYTES = DIGEST_AT + DIGEST_BYTES;

/** Bytes that are kept: four million writers. A tree can be made so deep that its paths fill any memory. */
const MOST_BYTES = 4_000_000 * WRITER_BYTES;

/**
 * Records stand in pages, whole: one page that grows would have to be copied. Each is twice as large as the one before, up to this. A longer
 * record has a page of its own.
 */
const PAGE_BYTES = 1 << 20;
const FIRST_PAGE_BYTES = 1 << 12;

const SLASH = 0x2f;

export class ConflictList implements Conflicts {
  readonly #pages: DataView<ArrayBuffer>[] = [];
  /** Bytes of the last page that are taken. */
  #taken = 0;
  /** Of each conflict the page times PAGE_BYTES, and the place in it. */
  readonly #places: number[] = [];
  readonly #mostBytes: number;
  #bytes = 0;

  /** @param mostBytes beyond which nothing is added */
  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  get length(): number {
    return this.#places.length;
  }

  /** @returns whether there was room for it */
  add(path: Path, claims: readonly Pick<Claim, 'layer' | 'entry'>[]): boolean {
    const pathBytes = path.reduce((sum, name) => sum + name.length + 1, -1);
    const all = HEAD_BYTES + pathBytes + claims.length * WRITER_BYTES;
    if (this.#bytes + all > this.#mostBytes) return false;
    this.#bytes += all;
    const at = this.#take(all);
    const page = this.#pages.at(-1)!;
    const bytes = new Uint8Array(page.buffer);
    page.setUint32(at, pathBytes, true);
    page.setUint32(at + 4, claims.length, true);
    let to = at + HEAD_BYTES;
    for (const [number, name] of path.entries()) {
      if (number > 0) bytes[to++] = SLASH;
      bytes.set(name, to);
      to += name.length;
    }
    for (const { layer, entry } of claims) {
      page.setUint32(to, layer, true);
      page.setUint16(to + MODE_AT, entry.mode, true);
      page.setUint8(to + KIND_AT, KINDS.indexOf(entry.kind));
      const digest = entryDigestBytes(entry);
      if (digest !== undefined) bytes.set(digest, to + DIGEST_AT);
      to += WRITER_BYTES;
    }
    this.#places.push((this.#pages.length - 1) * PAGE_BYTES + at);
    return true;
  }

  /** By the bytes of their paths. */
  sort(): void {
    this.#places.sort((a, b) => compareBytes(this.#path(a), this.#path(b)));
  }

  at(index: number): MergeConflict | undefined {
    const place = this.#places.at(index);
    return place === undefined ? undefined : this.#conflict(place);
  }

  map<Made>(make: (conflict: MergeConflict) => Made): Made[] {
    return this.#places.map((place) => make(this.#conflict(place)));
  }

  *[Symbol.iterator](): Generator<MergeConflict, undefined> {
    for (const place of this.#places) yield this.#conflict(place);
  }

  /** @returns where in the last page there is room for so many bytes */
  #take(bytes: number): number {
    const last = this.#pages.at(-1)?.byteLength ?? 0;
    if (this.#taken + bytes > last) {
      const next = Math.min(Math.max(2 * last, FIRST_PAGE_BYTES), PAGE_BYTES);
      this.#pages.push(new DataView(new ArrayBuffer(Math.max(bytes, next))));
      this.#taken = 0;
    }
    const at = this.#taken;
    this.#taken += bytes;
    return at;
  }

  /** Its names, with slashes between. */
  #path(place: number): Uint8Array {
    const page = this.#pages[Math.floor(place / PAGE_BYTES)]!;
    const at = place % PAGE_BYTES;
    return new Uint8Array(page.buffer, at + HEAD_BYTES, page.getUint32(at, true));
  }

  #conflict(place: number): MergeConflict {
    const page = this.#pages[Math.floor(place / PAGE_BYTES)]!;
    const head = place % PAGE_BYTES;
    const path = this.#path(place);
    const writers: ConflictWriter[] = [];
    let at = head + HEAD_BYTES + path.length;
    for (let left = page.getUint32(head + 4, true); left > 0; left--, at += WRITER_BYTES) {
      const kind = KINDS[page.getUint8(at + KIND_AT)]!;
      const digest = new Uint8Array(page.buffer, at + DIGEST_AT, DIGEST_BYTES);
      writers.push({
        layer: page.getUint32(at, true),
        kind,
        mode: page.getUint16(at + MODE_AT, true),
        digest: kind === 'whiteout' ? undefined : toHex(digest),
      });
    }
    return { path: namesIn(path), writers };
  }
}

/** Copies: who keeps a path must not keep a page. */
function namesIn(bytes: Uint8Array): Path {
  const names: Uint8Array[] = [];
  for (let at = 0; at <= bytes.length;) {
    const slash = bytes.indexOf(SLASH, at);
    const end = slash === -1 ? bytes.length : slash;
    names.push(bytes.slice(at, end));
    at = end + 1;
  }
  return names;
}
