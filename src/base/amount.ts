/** Sizes and counts as people read them. */

/** Steps of 1024: 1 KB is 1 KiB, as everywhere in Strata. */
const SIZES = ['KB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** `512 B`, `1.4 GB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let amount = bytes / 1024;
  let unit = 0;
  // 1023.96 would be told as 1024.0.
  while (amount >= 1023.95 && unit < SIZES.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount.toFixed(1)} ${SIZES[unit]}`;
}

/** `12,345` */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 file`, `12,345 files` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
