/** How many rows a schedule has: of a window, or of all that is to be restored. */

import type { Summary } from '../tree/index.ts';
import type { Capacity } from './schedule.ts';

/** Rows of a window. With the blocks' places they take some 40 MB. A checkout of a large project fits. */
const WINDOW = 2 ** 18;

/** Bytes of names and link targets in a window: 32 for each. */
const WINDOW_NAMES = 2 ** 23;

/** The longest name and the longest target that one more row may bring. */
export const SLACK = 256 + 4096;

/** What a chunk of a file has at least, if we have cut it and it is not the last. Bytes. */
const USUAL_CHUNK = 16 * 1024;
const USUAL_NAME = 40;

export const WHOLE_WINDOW: Capacity = {
  directories: WINDOW,
  files: WINDOW,
  links: WINDOW,
  pieces: WINDOW,
  names: WINDOW_NAMES,
};

/** @returns undefined if it takes more than one window, as far as one can tell from the summary */
export function capacityFor(
  { files, directories, symlinks, bytes }: Summary,
  depth: number,
): Capacity | undefined {
  const capacity = {
    directories: directories + depth + 1,
    files: files + 1,
    links: symlinks + 1,
    pieces: files + Math.ceil(bytes / USUAL_CHUNK) + 1,
    names: (files + directories + symlinks) * USUAL_NAME + 16 * SLACK,
  };
  const most = { ...WHOLE_WINDOW, pieces: WINDOW * 4 };
  for (const [column, rows] of Object.entries(capacity))
    if (rows > most[column as keyof Capacity]) return undefined;
  return { ...capacity, pieces: Math.min(capacity.pieces, WINDOW) };
}
