/** What each writer says about one path, after all of its saves. */

import type { Entry } from './entry.ts';
import type { Placed } from './merge-layer.ts';

export interface Claim {
  readonly writer: number;
  /** The last of its layers that has the path. */
  readonly layer: number;
  /** As that layer has it. */
  readonly entry: Entry;
  /** Its directories that merge, in order of application; empty if it is none. */
  readonly directories: readonly Placed[];
  /**
   * What an earlier save of the same writer had there, and the last one replaced: something else than a directory. It is not seen
   * any more, but hides what ancestors wrote as it did before.
   */
  readonly over: 'nothing' | 'entry' | 'whiteout';
}

/** @param placed in order of application. The claims are in the order in which their writers come first */
export function claimsOf(placed: readonly Placed[], writerOf: (layer: number) => number): Claim[] {
  const claims = new Map<
    number,
    { -readonly [Each in keyof Claim]: Claim[Each] } & { directories: Placed[] }
  >();
  for (const each of placed) {
    const { layer, entry } = each;
    const writer = writerOf(layer);
    const claim = claims.get(writer);
    const directories = entry.kind === 'directory' ? [each] : [];
    if (claim === undefined) {
      claims.set(writer, { writer, layer, entry, directories, over: 'nothing' });
      continue;
    }
    if (claim.entry.kind === 'whiteout') claim.over = 'whiteout';
    else if (claim.entry.kind !== 'directory' && claim.over === 'nothing') claim.over = 'entry';
    // In place: one writer may save as often as it likes.
    if (entry.kind === 'directory') claim.directories.push(each);
    else claim.directories = [];
    claim.layer = layer;
    claim.entry = entry;
  }
  return [...claims.values()];
}
