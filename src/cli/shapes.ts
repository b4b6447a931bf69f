/** Values of the engine as they stand in JSON: paths exact, times in ISO 8601, modes as numbers. */

import { pathJson } from '../tree/index.ts';
import type { Entry } from '../tree/index.ts';
import type { Tally } from '../workspace/index.ts';

export function tallyJson({ count, paths }: Tally): object {
  return { count, paths: paths.map(pathJson) };
}

export function entryJson(entry: Entry): object {
  const common = { kind: entry.kind, mode: entry.mode, mtime: isoMicroseconds(entry.mtime) };
  switch (entry.kind) {
    case 'file':
      return { ...common, size: entry.size };
    case 'symlink':
      return { ...common, ...targetJson(entry.target) };
    case 'directory': {
      const { files, directories, symlinks, bytes } = entry.tree.summary;
      return { ...common, files, dirs: directories, symlinks, bytes };
    }
    case 'whiteout':
      return common;
  }
}

/** `target`, and `targetB64` when the first is not exact. */
function targetJson(target: Uint8Array): object {
  const { path, pathB64 } = pathJson([target]);
  return { target: path, ...(pathB64 !== undefined && { targetB64: pathB64 }) };
}

/** @param milliseconds since 1970 */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** @param microseconds since 1970; a Date has no room for the last three digits */
export function isoMicroseconds(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1000);
  const rest = String(microseconds - milliseconds * 1000).padStart(3, '0');
  return isoTime(milliseconds).replace('Z', `${rest}Z`);
}
