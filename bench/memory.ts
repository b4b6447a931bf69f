/**
 * A machine that has been at work for a while has no free memory: files fill what nobody else needs. One that has just started, or
 * whose files were just removed, has some; and where it is a virtual one its host may have taken that back and gives it again page
 * by page, up to 17 µs each. tar then takes 4 s to write what takes 0.7 s otherwise, and a comparison tells who leaves fewest pages
 * behind. So memory is filled before anything is measured.
 */

import { readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';

const MIB = 1024 * 1024;
/** The kernel keeps less than that free by itself. */
const FREE_BYTES = 1024 * MIB;
/** Read once less is free, so that what is free then was in use before. */
const BEYOND_BYTES = FREE_BYTES;
/** A larger machine would be read for minutes. */
const MAX_BYTES = 64 * 1024 * MIB;
const STEP_BYTES = 64 * MIB;

/** Open until the process ends: its pages are free again when nobody has it any more. */
let filler: Promise<FileHandle> | undefined;
/** Where the next call goes on. What has been read longest ago leaves memory first, so that there nothing is in it. */
let at = 0;

export function canFillMemory(): boolean {
  return totalmem() <= MAX_BYTES;
}

/**
 * Until memory is full of pages that the kernel may take for something else. Of no effect where it cannot be filled.
 *
 * @param place a directory that is on a disk
 */
export async function fillMemory(place: string, signal: AbortSignal): Promise<void> {
  if (!canFillMemory()) return;
  const length = totalmem();
  filler ??= openFiller(place, length);
  const file = await filler;
  const buffer = Buffer.allocUnsafe(MIB);
  let beyond = 0;
  for (let read = 0; read < length && beyond < BEYOND_BYTES; read += STEP_BYTES) {
    signal.throwIfAborted();
    if (freeMemory() < FREE_BYTES) beyond += STEP_BYTES;
    for (let step = 0; step < STEP_BYTES; step += MIB, at = (at + MIB) % length) {
      // Short at the end of the file, and that is as good.
      await file.read(buffer, 0, MIB, at);
    }
  }
}

/** All hole, so that it takes nothing of the disk, and nameless, so that nothing stays. */
async function openFiller(place: string, length: number): Promise<FileHandle> {
  const path = join(place, `strata-bench-filler-${process.pid}`);
  const file = await open(path, 'wx+');
  rmSync(path);
  await file.truncate(length);
  return file;
}

/** `freemem` of Node tells what could be had, files included. Bytes. */
function freeMemory(): number {
  const kib = /^MemFree: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return Number(kib) * 1024;
}
