/**
 * Which of many things of different sizes become one, so that there are few of them and little is written again: those of one level (a
 * factor in size), when there are as many of them as the factor. So of each level there is at most one less, and each byte is written
 * again about once a level.
 */

export interface Levels {
  /** How many of one level become one of a higher one. */
  readonly fan: number;
  /** Bytes below which all are of the lowest level. */
  readonly lowest: number;
  /** Bytes that become one together at most. Larger ones stay as they are. */
  readonly most: number;
}

/** @returns those to be merged into one, smallest first, or none */
export function chooseToMerge<Item extends { readonly size: number }>(
  items: readonly Item[],
  { fan, lowest, most }: Levels,
): readonly Item[] {
  const sorted = items.toSorted((a, b) => a.size - b.size);
  const fitting = sorted.slice(0, countFitting(sorted, most));
  let chosen: readonly Item[] = [];
  let [from, to] = [0, lowest];
  while (from <= most) {
    const below = fitting.filter(({ size }) => size < from);
    const upTo = fitting.filter(({ size }) => size < to);
    // What is merged already may have grown into this level.
    const merged = chosen.length > 0 && sizeOf(chosen) >= from ? 1 : 0;
    // So many of one level are one of a higher level together: else a large one would be written again for each small one.
    if (upTo.length - below.length + merged >= fan) chosen = upTo;
    [from, to] = [to, to * fan];
  }
  return chosen;
}

/** How many of the smallest are within the bound together. */
function countFitting(ascending: readonly { readonly size: number }[], most: number): number {
  let bytes = 0;
  const tooMuch = ascending.findIndex(({ size }) => (bytes += size) > most);
  return tooMuch === -1 ? ascending.length : tooMuch;
}

function sizeOf(items: readonly { readonly size: number }[]): number {
  return items.reduce((sum, { size }) => sum + size, 0);
}
