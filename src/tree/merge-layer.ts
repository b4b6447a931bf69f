/** What a merge is given: layers, who wrote them, and what to do where two writers disagree. */

import type { Cancellable } from '../base/index.ts';
import type { Entry, Root } from './entry.ts';

/** What one save added. */
export interface MergeLayer {
  readonly root: Root;
  /** Who saved it: layers of one writer never conflict, the later one wins. */
  readonly writer: number;
  /** Whether it may hold whiteouts. Of a layer that holds none, whole directories are taken unread. */
  readonly whiteouts: boolean;
  /**
   * Its directories of fewer names than this only lead to something: their modes and times are made up, and yield to those of
   * other layers. Default 0.
   */
  readonly implied?: number | undefined;
}

/**
 * What happens where two writers have the same path, unless both have a directory: directories merge.
 *
 * - `fail`: entries that differ are a conflict, also when one writer comes after the other.
 * - `fail-any`: equal entries are one too.
 * - `override`: who comes after another wins; writers in no order conflict as with `fail`.
 * - `prefer`: where entries conflict as with `fail` and one of these writers takes part, the first of them that does wins.
 * - `separate`: each writer gets a directory of its own; nothing can conflict.
 */
export type MergePolicy =
  | { readonly kind: 'fail' | 'fail-any' | 'override' }
  | { readonly kind: 'prefer'; readonly writers: readonly number[] }
  | {
      readonly kind: 'separate';
      /** The name of a writer's directory, as of `taskDirectory`; another one for each writer. */
      readonly directoryOf: (writer: number) => Uint8Array;
    };

export interface MergeOptions extends Cancellable {
  /** Default `fail`. */
  readonly policy?: MergePolicy;
  /** Whether `a` is an ancestor of `b`. Transitive, and nobody is his own ancestor. */
  readonly precedes: (a: number, b: number) => boolean;
}

/** The entry that a layer, by its place in the order of application, has at some path. */
export interface Placed {
  readonly layer: number;
  readonly entry: Entry;
}
