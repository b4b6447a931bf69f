/** Figures and times as people read them. */

import { counted, formatCount } from '../base/index.ts';

export { counted, formatBytes, formatCount } from '../base/index.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3.2×`, `0.31×`, `1,200×` */
export function formatTimes(factor: number): string {
  if (factor < 0.95) return `${factor.toFixed(2)}×`;
  return `${factor < 99.95 ? factor.toFixed(1) : formatCount(Math.round(factor))}×`;
}

/** `45 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min` */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  return `${formatCount(Math.floor(whole / HOUR))} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
}

/** `just now`, `3 min ago`, … `29 days ago`, then the date. @param then, now milliseconds since 1970 */
export function formatAge(then: number, now: number): string {
  const seconds = Math.floor((now - then) / 1000);
  // Another machine's clock may be ahead of ours.
  if (seconds < -MINUTE || seconds >= 30 * DAY) return formatDate(then);
  if (seconds < MINUTE) return 'just now';
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  return `${counted(Math.floor(seconds / DAY), 'day')} ago`;
}

/** `in 2 h 5 min`; `now` for what is past already. @param then, now milliseconds since 1970 */
export function formatAhead(then: number, now: number): string {
  const seconds = Math.ceil((then - now) / 1000);
  return seconds <= 0 ? 'now' : `in ${formatSeconds(seconds)}`;
}

/** `2026-11-23 14:05`, local time. @param milliseconds since 1970 */
export function formatDate(milliseconds: number): string {
  const date = new Date(milliseconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `rwxr-xr-x` */
export function formatMode(mode: number): string {
  return Array.from({ length: 9 }, (_, at) => (mode & (0o400 >> at) ? 'rwx'.charAt(at % 3) : '-')).join('');
}

/** Text of others without what could drive a terminal; line ends stay. */
export function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (character) =>
    Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

export type Alignment = 'left' | 'right';

/** Columns under each other, two spaces between them; the last one is not filled up. */
export function table(rows: readonly (readonly string[])[], alignments: readonly Alignment[]): string[] {
  const widths = alignments.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return alignments[column] === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** What a reference named: `web@3`, or a run. */
export function treeName(workspace: string, snapshot: number | undefined): string {
  return snapshot === undefined ? workspace : `${workspace}@${snapshot}`;
}
