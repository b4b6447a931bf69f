/** What a line of progress says: what was done, and a bar where it is known how much there is to do. */

import { counted, formatBytes, formatCount } from './format.ts';

export interface Counts {
  readonly files?: number | undefined;
  readonly objects?: number;
  readonly bytes: number;
  /** What it comes to in the end, where that is known. */
  readonly total?: Total | undefined;
}

export interface Total {
  /** Undefined where only the bytes are known. */
  readonly files?: number | undefined;
  readonly bytes: number;
  /** It is a guess, such as what the snapshot before had; told with `~`. */
  readonly estimated?: boolean | undefined;
}

export interface Pace {
  /** Bytes a second. */
  readonly rate: number | undefined;
  /** Seconds; undefined while nobody can tell. */
  readonly left: number | undefined;
}

interface Amount {
  readonly files?: number | undefined;
  readonly bytes: number;
}

/** A small file takes as long as so many bytes of a large one, about 30 µs; else many of them would not move the bar. */
const FILE_BYTES = 16 * 1024;

/** Characters between the brackets. A few lengths only, so that the bar does not jump with each digit beside it. */
const BARS = [30, 20, 10] as const;

/** Files and bytes as one amount, in which a bar is measured. */
export function workOf({ files = 0, bytes }: Amount): number {
  return bytes + files * FILE_BYTES;
}

/** Where nobody knows how many files there will be, those that there are count on both sides. */
export function wholeOf({ files }: Pick<Counts, 'files'>, total: Total): Amount {
  return { files: total.files ?? files, bytes: total.bytes };
}

/** @param width characters that the line may have */
export function progressLine(doing: string, counts: Counts, pace: Pace, width: number): string {
  const { total } = counts;
  const line =
    total === undefined || workOf(total) === 0
      ? `${doing}: ${progressText(counts, pace.rate ?? 0)}`
      : barLine(doing, counts, total, pace, width);
  return line.slice(0, width);
}

/** @param rate bytes a second; 0 says nothing of it */
export function progressText({ files, objects, bytes }: Counts, rate: number): string {
  const parts = [
    files === undefined ? undefined : counted(files, 'file'),
    objects === undefined ? undefined : counted(objects, 'object'),
    formatBytes(bytes),
    rateText(rate),
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function barLine(doing: string, counts: Counts, total: Total, { rate, left }: Pace, width: number): string {
  const about = total.estimated === true ? '~' : '';
  const share = workOf(counts) / workOf(wholeOf(counts, total));
  // A guess that was passed, or met with more to come, is not the end.
  const percent = Math.min(Math.floor(share * 100), about === '' ? 100 : 99);
  const start = `${doing}: ${`${about}${percent}`.padStart(3)}%`;
  const remaining = left === undefined || share >= 1 ? undefined : `${about}${leftText(left)}`;
  const files =
    total.files === undefined
      ? counted(counts.files ?? 0, 'file')
      : `${formatCount(counts.files ?? 0)} of ${about}${counted(total.files, 'file')}`;
  const bytes = `${formatBytes(counts.bytes)} of ${about}${formatBytes(total.bytes)}`;
  const speed = rateText(rate ?? 0);
  // What a narrow terminal leaves out first comes first.
  for (const parts of [
    [files, bytes, speed, remaining],
    [bytes, speed, remaining],
    [bytes, remaining],
    [remaining],
  ]) {
    const text = parts.filter((part) => part !== undefined).join(', ');
    const room = width - start.length - ' [] '.length - text.length;
    const length = BARS.find((each) => each <= room);
    if (length !== undefined) return `${start} ${bar(share, length)} ${text}`.trimEnd();
  }
  return remaining === undefined ? start : `${start} ${remaining}`;
}

function bar(share: number, length: number): string {
  const done = Math.min(Math.floor(share * length), length);
  return `[${'#'.repeat(done)}${'-'.repeat(length - done)}]`;
}

function rateText(rate: number): string | undefined {
  return rate > 0 ? `${formatBytes(rate)}/s` : undefined;
}

/** `12 s left`, `3 min left`, `2 h 5 min left`: no more exact than a guess is. */
function leftText(seconds: number): string {
  const whole = Math.max(Math.ceil(seconds), 1);
  if (whole < 60) return `${whole} s left`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min left`;
  const rest = minutes % 60;
  return `${formatCount(Math.floor(minutes / 60))} h ${rest === 0 ? '' : `${rest} min `}left`;
}
