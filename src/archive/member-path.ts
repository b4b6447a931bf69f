/** The name of a member as a path in a tree. What points out of it is refused, and never bent into something else. */

import { MAX_DEPTH, nameFlaw } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';
import { refusal } from './refusal.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * `./` and doubled slashes are passed over, as all readers do.
 *
 * @param name as it stands in the archive
 * @param entry what is named in an error, where that is another one
 * @throws bad_input
 */
export function memberPath(name: Uint8Array, entry = name): Path {
  const which = entry === name ? 'its name' : 'what it links to';
  if (name.length === 0) throw refusal(entry, `${which} is empty`);
  if (name[0] === SLASH) throw refusal(entry, `${which} is an absolute path`);
  const path: Uint8Array[] = [];
  for (let at = 0; at < name.length;) {
    const slash = name.indexOf(SLASH, at);
    const end = slash === -1 ? name.length : slash;
    const part = name.subarray(at, end);
    at = end + 1;
    if (part.length === 0 || (part.length === 1 && part[0] === DOT)) continue;
    if (part.length === 2 && part[0] === DOT && part[1] === DOT)
      throw refusal(entry, `${which} leads out of the archive by ..`);
    const flaw = nameFlaw(part);
    if (flaw !== undefined) throw refusal(entry, `it cannot be kept: ${flaw}`);
    path.push(part.slice());
  }
  if (path.length > MAX_DEPTH) throw refusal(entry, `${which} is deeper than ${MAX_DEPTH} levels`);
  return path;
}
