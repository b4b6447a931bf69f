/** Lengths of time and sizes of memory as run files have them: those of Go and of Kubernetes. */

/** Milliseconds. */
const TIMES: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  // Go has none of these; a configuration of ours does.
  d: 86_400_000,
  w: 604_800_000,
};

/** A hundred years, as everywhere. */
const MAX_MS = 36_525 * 86_400_000;

/**
 * `90s`, `1h30m`, `1.5h`, `2d`.
 *
 * @returns whole milliseconds, at least 1; undefined if `text` is none, or more than a hundred years
 */
export function parseTimeout(text: string): number | undefined {
  if (text.length > 60 || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|[smhdw]))+$/.test(text))
    return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(\D+)/g)) total += Number(count) * TIMES[unit!]!;
  const milliseconds = Math.round(total);
  return milliseconds >= 1 && milliseconds <= MAX_MS ? milliseconds : undefined;
}

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/**
 * `512Mi`, `1G`, `1.5Gi`, `1073741824`.
 *
 * @returns bytes, rounded up, at least 1; undefined if `text` is none
 */
export function parseBytes(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,16}(?:\.\d{1,9})?)([kMGT]|[KMGT]i|)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const bytes = Math.ceil(Number(count) * SIZES[unit]!);
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
