/**
 * Where a sparse file has holes, asked of a program, because Node has no `lseek`. It only saves reading: what is not in the map
 * is read, and found to be zero then.
 */

import { fstatSync } from 'node:fs';

import { PAGE } from '../chunk/index.ts';

/** Bytes that must be missing on disk before starting a program (about 10 ms) costs less than reading zeros. */
const WORTHWHILE = 64 * 1024 * 1024;

/** `st_blocks` counts these, whatever the file system's own blocks are. Bytes. */
const STAT_BLOCK = 512;

/** A file with more holes than fit is read in full. Bytes of text. */
const MAX_OUTPUT = 64 * 1024 * 1024;

const TIMEOUT_MS = 60_000;

/** Whole pages that a file system says are a hole: `[start, end)` in bytes, multiples of `PAGE`, ascending. */
export type HoleMap = readonly (readonly [start: number, end: number])[];

const NO_HOLES: HoleMap = [];

/** SEEK_DATA is 3 and SEEK_HOLE 4 on Linux (lseek(2)). Both programs print the start and end of each data range. */
const PROGRAMS: readonly (readonly [command: string, ...options: string[]])[] = [
  [
    'perl',
    '-e',
    'my $p = 0; while (defined(my $d = sysseek(STDIN, $p, 3))) { $p = sysseek(STDIN, $d, 4); print 0 + $d, " ", 0 + $p, "\\n"; } die $! unless $!{ENXIO};',
  ],
  [
    'python3',
    '-c',
    `import errno, os
p = 0
try:
    while True:
        d = os.lseek(0, p, 3)
        p = os.lseek(0, d, 4)
        print(d, p)
except OSError as e:
    if e.errno != errno.ENXIO: raise`,
  ],
];

/**
 * @param fd a file open for reading; its position moves, so read it by offsets
 * @param size how long the file is taken to be
 */
export function holeMap(fd: number, size: number): HoleMap {
  if (size < WORTHWHILE || size - fstatSync(fd).blocks * STAT_BLOCK < WORTHWHILE) return NO_HOLES;
  // Few files have holes: what starts programs is loaded with the first.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  for (const [command, ...options] of PROGRAMS) {
    const { status, stdout } = spawnSync(command, options, {
      stdio: [fd, 'pipe', 'ignore'],
      encoding: 'latin1',
      maxBuffer: MAX_OUTPUT,
      timeout: TIMEOUT_MS,
    });
    if (status === 0) return holesBetween(stdout, size);
  }
  return NO_HOLES;
}

/** The whole pages between ranges of data. @param ranges lines of `start end` */
export function holesBetween(ranges: string, size: number): HoleMap {
  const holes: [number, number][] = [];
  let at = 0;
  const add = (end: number) => {
    const from = Math.ceil(at / PAGE) * PAGE;
    const to = Math.floor(end / PAGE) * PAGE;
    if (to > from) holes.push([from, to]);
  };
  for (const line of ranges.split('\n')) {
    if (line === '') continue;
    const [start, end] = line.split(' ').map(Number);
    // What a program of another's making prints is checked: a wrong map would lose data.
    if (!isOffset(start) || !isOffset(end) || start < at || end <= start) return NO_HOLES;
    add(Math.min(start, size));
    at = end;
  }
  add(size);
  return holes;
}

function isOffset(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
