/** What is remembered of the directories that were saved from or restored to: one file for each, in the home, until others are newer. */

import { readdirSync, realpathSync, statSync, unlinkSync, utimesSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { ByteReader, ByteWriter, errno, sha256, toHex, utf8 } from '../base/index.ts';
import type { Remembered, StatMemory } from '../disk/index.ts';
import type { WorkspaceWorld } from './world.ts';

/** Of the records: another version reads as nothing. */
export const STAT_KIND = 'stat/3';

/** Directories that are remembered, and bytes that this may take beside the one that was used last. */
const MOST = { files: 64, bytes: 512 * 1024 * 1024 };

/** After this nobody is writing a temporary file any more. Milliseconds. */
const TEMPORARY_LIFE = 24 * 60 * 60 * 1000;

/** A name is that many digits for the directory, and as many for the tenant. */
const NAME_DIGITS = 32;

/** `u64 epoch` in front of the records. */
const EPOCH_BYTES = 8;

export interface OpenStatMemory extends StatMemory, Disposable {
  /** What was written is what is remembered from now on. */
  commit(): void;
}

/**
 * @param epoch of the tenant, by what reads or writes the chunks
 * @param reads whether what is remembered is wanted, and not only to be replaced
 * @returns undefined where nothing can be remembered. Disposed of without a commit it stays as it was
 */
export async function openStatMemory(
  { vault, cacheDirectory, clock }: WorkspaceWorld,
  directory: string,
  epoch: number | undefined,
  reads = true,
): Promise<OpenStatMemory | undefined> {
  if (cacheDirectory === undefined || epoch === undefined) return undefined;
  const place = join(cacheDirectory, 'stat');
  const name = nameOf(directory);
  if (name === undefined) return undefined;
  const path = join(place, name + digits(toHex(vault.id)));
  const file = vault.localFile(path, STAT_KIND);
  const remembered = reads ? await file.read() : undefined;
  if (remembered !== undefined) markUsed(path, clock());
  const writer = file.write();
  let isBegun = false;
  return {
    records: remembered?.subarray(EPOCH_BYTES),
    // What was condemned since may be a part of a tree of which the top is still there.
    treesMayLack: remembered !== undefined && new ByteReader(remembered, 'a stat cache').u64() !== epoch,
    write: (part) => {
      if (!isBegun) writer.write(new ByteWriter().u64(epoch).finish());
      isBegun = true;
      writer.write(part);
    },
    commit: () => {
      writer.commit();
      prune(place, clock());
    },
    [Symbol.dispose]: () => writer.discard(),
  };
}

/** What any tenant has remembered of it, as far as one can see without opening that; undefined: nothing. */
export function rememberedOf(cacheDirectory: string | undefined, directory: string): Remembered | undefined {
  const name = nameOf(directory);
  if (cacheDirectory === undefined || name === undefined) return undefined;
  let remembered: Remembered | undefined;
  quietly(() => {
    const place = join(cacheDirectory, 'stat');
    const file = readdirSync(place).find((each) => each.startsWith(name));
    if (file === undefined) return;
    const { size, mtimeMs } = statSync(join(place, file));
    remembered = { bytes: size, at: mtimeMs };
  });
  return remembered;
}

/** @returns undefined if the directory cannot be found, which others say better */
function nameOf(directory: string): string | undefined {
  try {
    return digits(realPath(resolve(directory)));
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return undefined;
  }
}

function digits(text: string): string {
  return toHex(sha256(utf8(text))).slice(0, NAME_DIGITS);
}

/** Without links, also of a directory that is still to be made. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errno(error) !== 'ENOENT' || path === dirname(path)) throw error;
    return join(realPath(dirname(path)), basename(path));
  }
}

function markUsed(path: string, now: number): void {
  quietly(() => utimesSync(path, now / 1000, now / 1000));
}

/** Those that were used last stay. */
function prune(place: string, now: number): void {
  quietly(() => {
    let files = 0;
    let bytes = 0;
    const found = readdirSync(place).flatMap((name) => {
      const stats = statSync(join(place, name), { throwIfNoEntry: false });
      return stats === undefined ? [] : [{ name, size: stats.size, used: stats.mtimeMs }];
    });
    for (const { name, size, used } of found.sort((a, b) => b.used - a.used)) {
      const isTemporary = name.endsWith('.tmp');
      if (!isTemporary) {
        if (files++ > 0) bytes += size;
      }
      const isOver = isTemporary ? now - used > TEMPORARY_LIFE : files > MOST.files || bytes > MOST.bytes;
      if (isOver) quietly(() => unlinkSync(join(place, name)));
    }
  });
}

/** What fails here is a loss of time some day, and no reason to stop. */
function quietly(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (errno(error) === undefined) throw error;
  }
}
