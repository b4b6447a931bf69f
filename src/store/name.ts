/** Names of objects: what may reach a disk or a bucket. */

import { StrataError } from '../base/index.ts';

/** Segments of a name, and so the depth of directories that a listing walks. */
export const MAX_SEGMENTS = 8;
const MAX_SEGMENT_LENGTH = 64;

const SEGMENT = `[a-z0-9]{1,${MAX_SEGMENT_LENGTH}}`;
const SEGMENT_PATTERN = new RegExp(`^${SEGMENT}$`);
const NAME_PATTERN = new RegExp(`^${SEGMENT}(?:/${SEGMENT}){0,${MAX_SEGMENTS - 1}}$`);

/** One to eight segments of 1–64 characters of `[a-z0-9]`, joined by `/`. */
export function isName(text: string): boolean {
  return NAME_PATTERN.test(text);
}

export function isSegment(text: string): boolean {
  return SEGMENT_PATTERN.test(text);
}

/** @throws bad_input. Nothing else stands between a name in a damaged record and a path outside the store. */
export function checkName(name: string): void {
  if (isName(name)) return;
  throw new StrataError('bad_input', `${JSON.stringify(name)} is no name of a stored object`);
}

/** @throws bad_input */
export function checkPrefix(prefix: string): void {
  if (prefix === '' || (prefix.endsWith('/') && isName(prefix.slice(0, -1)))) return;
  throw new StrataError('bad_input', `${JSON.stringify(prefix)} is no prefix of names of stored objects`);
}
