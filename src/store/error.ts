/** What the stores say in the same words. */

import { StrataError } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { GetOptions } from './store.ts';

export function noSuchObject(label: string, name: string): StrataError {
  return new StrataError('not_found', `${label} has no object ${name}`, { details: { object: name } });
}

/** @throws bad_input */
export function checkRange(range: GetOptions['range']): void {
  if (range === undefined) return;
  const { offset, length } = range;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw new StrataError('bad_input', `${offset}+${length} is no range of bytes`);
}

/**
 * The range asked for, or the whole object.
 *
 * @param size of the object, bytes
 * @throws integrity if the object ends before the range does, or is too long
 */
export function rangeOf(
  name: string,
  size: number,
  { range, most = size }: GetOptions,
): NonNullable<GetOptions['range']> {
  if (range === undefined) {
    if (size > most)
      throw damaged({ name }, `it has ${size} bytes, and no such object has more than ${most}`);
    return { offset: 0, length: size };
  }
  checkRange(range);
  const { offset, length } = range;
  if (offset + length > size) throw damaged({ name }, `it ends at byte ${size}, not ${offset + length}`);
  return range;
}

/**
 * How long the whole object is, by the `Content-Range` of an answer.
 *
 * @returns bytes; undefined unless the answer begins where the range does
 */
export function wholeLength(
  header: string | undefined,
  range: { readonly offset: number },
): number | undefined {
  const [, first, whole] = /^bytes (\d{1,16})-\d+\/(\d{1,16})$/.exec(header ?? '') ?? [];
  return Number(first) === range.offset ? Number(whole) : undefined;
}
