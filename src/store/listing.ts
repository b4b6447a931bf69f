/** What services list: keys that we go through in order, and do not trust. */

import { garbled, serviceError } from './service-error.ts';
import type { StoredObject } from './store.ts';

/** In front of every name. With a `/` at its end, so that two stores in one bucket do not see each other. */
export function bucketPrefix(prefix = ''): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}

export interface Listed {
  readonly key: string | undefined;
  readonly size: number | undefined;
  /** What was asked for. */
  readonly prefix: string;
  /** The key before it; empty for the first. */
  readonly last: string;
}

/**
 * A listing that is out of order may have left something out, and whoever takes what is not listed for gone would delete what is needed.
 *
 * @throws unavailable
 */
export function checkListed(label: string, { key, size, prefix, last }: Listed): StoredObject {
  const fits = key !== undefined && key.startsWith(prefix) && compareKeys(key, last) > 0;
  if (fits && size !== undefined && Number.isSafeInteger(size) && size >= 0) return { name: key, size };
  throw serviceError({ label, verb: 'list' }, garbled('its listing is out of order, or of something else'));
}

/** By their UTF-8 bytes, which is not the order of JavaScript's strings. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
