/** What lies where in a cache: `STORE/OBJECT/OFFSET-LENGTH`, `STORE/OBJECT/all`, `STORE/drafts/…`, `STORE/tally`. */

import { sha256, toHex, utf8 } from '../base/index.ts';
import type { Range } from './bucket.ts';

export const DRAFTS = 'drafts';
export const TALLY = 'tally';
const ALL = 'all';

/** Names of objects may be longer than those of directories. Whether it is the object's shows in the proof. */
const OBJECT_BYTES = 16;
const OBJECT = new RegExp(`^[0-9a-f]{${OBJECT_BYTES * 2}}$`);
const RANGE = /^(0|[1-9]\d{0,15})-([1-9]\d{0,15})$/;

export function objectDirectory(name: string): string {
  return toHex(sha256(utf8(name)).subarray(0, OBJECT_BYTES));
}

export function isObjectDirectory(name: string): boolean {
  return OBJECT.test(name);
}

/** @param range undefined: all of the object */
export function entryName(range: Range | undefined): string {
  return range === undefined ? ALL : `${range.offset}-${range.length}`;
}

export function isEntryName(name: string): boolean {
  return name === ALL || RANGE.test(name);
}

/** Which of the entries may hold the range: the shortest first, and all of the object last. */
export function entriesWith(wanted: Range, names: readonly string[]): (Range | undefined)[] {
  const ranges = names.flatMap((name) => {
    const [, offset, length] = RANGE.exec(name) ?? [];
    return offset === undefined ? [] : [{ offset: Number(offset), length: Number(length) }];
  });
  const around = ranges.filter(
    ({ offset, length }) => offset <= wanted.offset && offset + length >= wanted.offset + wanted.length,
  );
  around.sort((a, b) => a.length - b.length);
  return names.includes(ALL) ? [...around, undefined] : around;
}
