/** A file system for the files alone: writers get ENOSPC at its end, whoever they are, and no file of it is seen before it is mounted. */

import { existsSync, lstatSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError, isStrataError, mountAt } from '../base/index.ts';
import { biggestIn } from './biggest.ts';
import { untilAborted } from './gauge.ts';
import { checkImage, fillImage, imageBytes, lengthenImage, makeImage } from './image.ts';
import { PlaceLock } from './lock.ts';
import { deviceOf, growMounted, isDamaged, isMounted, mountImage, unmount, untilDetached } from './loop.ts';
import type { Means } from './means.ts';
import { isDirectory, makeFiles, makeLimited, placeAt, removePlace, roomAt } from './place.ts';
import type { Place } from './place.ts';
import { demand, run } from './program.ts';
import type { LimitedDirectory } from './quota.ts';
import { EMPTY_BYTES, limitTo, missingFor } from './reserve.ts';
import { checkLimit, isHardlyAny } from './room.ts';

/**
 * Types of file systems that belong to one machine (statfs(2)). On one that several machines share another one could mount the same image, and
 * the first may only seem to be dead.
 */
const LOCAL = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0xf2f52010, 'f2fs'],
  [0xca451a4e, 'bcachefs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlay'],
]);

/** Estimates of how large an image must be; the first one is enough. */
const MOST_ESTIMATES = 3;

/** Of `st_blocks`: POSIX. */
const BLOCK_BYTES = 512;

/** Bytes: more than the journal and the tables take, so a place in which little was deleted is put away at once. */
const WORTH_TRIMMING = 128 * 1024 * 1024;
const SMALLEST_TRIM = 1024 * 1024;

/** On some disks giving back takes longer than writing. */
const LONGEST_TRIM_MS = 10_000;

/** So few inodes left, and files were refused for it: small files that have no blocks, such as links. */
const FEW_INODES = 16;

export const filesystem: Means = {
  name: 'filesystem',
  needs:
    'It takes root, loop devices, mount and mkfs.ext4 (apt-get install mount e2fsprogs) and a local disk.',

  async whyNot(baseDir, tryOut) {
    if (process.geteuid?.() !== 0) return 'only root may mount file systems';
    if (!LOCAL.has(statfsSync(baseDir).type)) return 'the disk may be shared with other machines';
    return tryOut();
  },

  async open(path, limit, options = {}) {
    checkLimit(limit);
    const place = placeAt(path);
    using lock = await PlaceLock.make(place, options);
    makeLimited(place);
    const device = await openImage(place, limit, lock);
    makeFiles(place);
    limitTo(limit, place.limited, await enlarge(place, limit, device, lock));
    return directoryAt(place, limit);
  },

  async close(path, options = {}) {
    const place = placeAt(path);
    using lock = await PlaceLock.find(place, options);
    if (lock !== undefined) await putAway(place, lock);
  },

  async remove(path, options = {}) {
    const place = placeAt(path);
    using lock = await PlaceLock.find(place, options);
    if (lock === undefined) return;
    if (isDirectory(place.limited)) await unmount(place.limited, lock);
    await removePlace(place);
  },
};

function imageOf({ path }: Place): string {
  return join(path, 'disk.img');
}

/** @returns the device that is mounted */
async function openImage(place: Place, limit: number, lock: PlaceLock): Promise<string> {
  const image = imageOf(place);
  const isNew = !existsSync(image);
  const device = isNew ? undefined : await deviceOf(image, lock);
  if (isMounted(device, place.limited)) return device;
  if (isNew) await makeImage(image, limit, lock);
  // Mounted somewhere, its state is not in the file alone.
  else if (device === undefined) await checkImage(image, lock);
  return mountImage(image, place.limited, lock);
}

/** If it is too small. @returns the device, which may be another one */
async function enlarge(place: Place, limit: number, device: string, lock: PlaceLock): Promise<string> {
  const image = imageOf(place);
  let current = device;
  let bytes = imageBytes(limit);
  for (let estimates = 0; estimates < MOST_ESTIMATES; estimates++) {
    const missing = missingFor(limit, place.limited);
    if (missing === 0) return current;
    bytes += 2 * missing * estimates;
    lengthenImage(image, bytes);
    if (await growMounted(current, lock)) continue;
    await unmount(place.limited, lock);
    await untilDetached(image, lock);
    await fillImage(image, lock);
    current = await mountImage(image, place.limited, lock);
  }
  throw new StrataError('unavailable', `the file system ${image} does not grow`, {
    details: { image, limit },
  });
}

async function putAway(place: Place, lock: PlaceLock): Promise<void> {
  const { limited } = place;
  const mount = isDirectory(limited) ? mountAt(limited) : undefined;
  if (mount === undefined) return;
  // What could not be written is told here, and nowhere else.
  const doing = `write all files of ${limited} to the disk`;
  if (!isDamaged(mount)) await demand(['sync', '--file-system', limited], doing, { holding: lock.holding });
  await trim(place);
  await unmount(limited, lock);
}

/** Deleted files give their room back to the disk only now: one by one it costs more than the deleting. */
async function trim(place: Place): Promise<void> {
  const { total, free } = roomAt(place.limited);
  const taken = lstatSync(imageOf(place)).blocks * BLOCK_BYTES;
  if (taken < total - free + WORTH_TRIMMING) return;
  const options = { signal: AbortSignal.timeout(LONGEST_TRIM_MS) };
  try {
    await run(['fstrim', '--minimum', String(SMALLEST_TRIM), place.limited], options);
  } catch (error) {
    // The rest is given back another time.
    if (!isStrataError(error, 'cancelled')) throw error;
  }
}

function directoryAt({ files }: Place, limit: number): LimitedDirectory {
  return {
    directory: files,
    means: 'filesystem',
    limit,
    async used() {
      const { total, free } = roomAt(files);
      return Math.max(0, total - free - EMPTY_BYTES);
    },
    async isFull() {
      const { available, inodes } = roomAt(files);
      return inodes < FEW_INODES || isHardlyAny(available, limit);
    },
    exceeded: (signal) => untilAborted(signal),
    biggest: (count, options) => biggestIn(files, count, options),
  };
}
