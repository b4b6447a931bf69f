/** Lengths of time as they are written: `7d`, `12h`. */

/** Milliseconds of each unit. */
const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

type Unit = keyof typeof UNITS;

/** A hundred years: a date that lies so far ahead can still be told. */
const MAX_MS = 36_525 * UNITS.d;

/** @returns milliseconds; undefined if `text` is not a whole number of one unit, or more than 100 years */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,15})([smhdw])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const milliseconds = Number(count) * UNITS[unit as Unit];
  return milliseconds <= MAX_MS ? milliseconds : undefined;
}

/** The same in the largest unit that gives a whole number; weeks are told in days. */
export function formatDuration(milliseconds: number): string {
  const unit = (['d', 'h', 'm'] as const).find((candidate) => milliseconds % UNITS[candidate] === 0) ?? 's';
  return `${milliseconds / UNITS[unit]}${unit}`;
}
