/** One file of a tree into a directory that nobody else can reach. */

import { closeSync, constants, fchmodSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';

import { StrataError } from '../base/index.ts';
import { extentPages, unpackExtents } from '../tree/index.ts';
import type { FileEntry, Path } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { at } from './at.ts';
import { withPath, writeError } from './failure.ts';
import type { Pace } from './pace.ts';
import { setTimes } from './times.ts';

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Until the content is there nobody else reads it. */
const FILLING = 0o600;

export interface FileWriter {
  readonly source: ContentSource;
  readonly pace: Pace;
  readonly sync: boolean;
}

/**
 * Holes are not written, so they stay holes.
 *
 * @param path names the file in errors
 * @throws integrity with the path, and no wrong byte written; what was written stays behind
 */
export async function writeFile(
  { source, pace, sync }: FileWriter,
  directory: number,
  entry: FileEntry,
  path: Path,
): Promise<void> {
  try {
    const fd = openSync(at(directory, entry.name), FLAGS, FILLING);
    try {
      await writeContent(source, pace, fd, entry);
      fchmodSync(fd, entry.mode);
      setTimes(fd, entry.mtime);
      if (sync) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw withPath(writeError(error, 'write a file'), path);
  }
  pace.files++;
}

async function writeContent(source: ContentSource, pace: Pace, fd: number, entry: FileEntry): Promise<void> {
  let position = 0;
  let endsInHole = false;
  for await (const page of extentPages(source, entry)) {
    for (const { chunk, length } of unpackExtents(page)) {
      endsInHole = chunk === undefined;
      if (chunk !== undefined) {
        const bytes = await source.chunk(chunk);
        if (bytes.length !== length)
          throw new StrataError('integrity', 'a chunk does not have the length that its file says');
        writeFully(fd, bytes, position);
      }
      position += length;
      pace.bytes += length;
      if (pace.step()) await pace.pause();
    }
  }
  if (endsInHole) ftruncateSync(fd, position);
}

function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
