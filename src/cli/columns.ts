/** How wide text is on a terminal. Rather too wide than too narrow: a line that wraps where nobody thought it would spoils what is redrawn. */

import { printable } from './format.ts';

/** What fills two columns: the scripts of East Asia in their full width, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{16fe0}-\u{1b2ff}\u{1f000}-\u{1ffff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Characters of a text of others that are looked at: more than any line shows, and a bound on an error of a megabyte. */
const LOOKED_AT = 2000;

/** Columns of text without control characters; a mark that combines counts as if it stood alone. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

/** Text of others on one line. */
export function oneLine(text: string): string {
  return printable(text.slice(0, LOOKED_AT).trim()).replaceAll('\n', ' ');
}

/** As much as has room, `…` in the place of the rest. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let left = columns - 1;
  let kept = '';
  for (const character of text) {
    left -= columnsOf(character);
    if (left < 0) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** Filled up with spaces. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(columns - columnsOf(text), 0));
}
