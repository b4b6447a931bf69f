/**
 * A project quota of ext4 or XFS: all that is made in a directory belongs to a project, and the kernel counts and limits what one has. On ext4
 * processes with CAP_SYS_RESOURCE are not bound by it, so it is watched as well.
 */

import { lstatSync } from 'node:fs';

import { StrataError, mountOf, toHex, sha256, utf8 } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Gauge } from './gauge.ts';
import { PlaceLock } from './lock.ts';
import type { Means } from './means.ts';
import { isDirectory, makeFiles, makeLimited, placeAt, removePlace, roomAt } from './place.ts';
import type { Place } from './place.ts';
import { demand, run } from './program.ts';
import { checkLimit } from './room.ts';
import { DiskGauge } from './watch.ts';
import { watchedDirectory } from './watched-directory.ts';

/** File systems that have projects, and what says that they count and limit them (mount(8)). */
const KINDS = new Set(['ext4', 'xfs']);
const OPTIONS = ['prjquota', 'pquota'];

/** Ours are above: those that people give are small. Ids have 32 bits. */
const FIRST_ID = 2 ** 31;

const IDS = 2 ** 31 - 1;

/** Of `setquota`: KiB. */
const UNIT = 1024;

/** The kernel tells the limit in blocks of the file system. Bytes. */
const MOST_BLOCK = 64 * 1024;

export const project: Means = {
  name: 'project',
  needs:
    'It takes root, ext4 or XFS mounted with the option prjquota, a kernel that has quotas (CONFIG_QFMT_V2, CONFIG_XFS_QUOTA), ' +
    'chattr and setquota (apt-get install e2fsprogs quota).',

  async whyNot(baseDir, tryOut) {
    if (process.geteuid?.() !== 0) return 'only root may set quotas';
    const { type, options, path } = mountOf(baseDir);
    if (!KINDS.has(type)) return `${path} is ${type}`;
    if (!OPTIONS.some((option) => options.includes(option))) return `${path} is mounted without prjquota`;
    return tryOut();
  },

  async open(path, limit, options = {}) {
    checkLimit(limit);
    const place = placeAt(path);
    using _ = await PlaceLock.make(place, options);
    makeLimited(place);
    const id = idFor(place);
    if ((await idOf(place, options)) !== id) await giveId(place, id);
    await setLimit(place, id, limit);
    makeFiles(place);
    if (isKept(place, limit)) {
      const gauge = new ProjectGauge(place, limit);
      // Awaited here: it is locked until this function returns.
      return await watchedDirectory('project', place, limit, gauge, options);
    }
    throw new StrataError('unavailable', `the kernel does not keep the quota of ${place.limited}`, {
      hint: 'Mount its file system with the option prjquota.',
      details: { directory: place.limited },
    });
  },

  async close() {},

  async remove(path, options = {}) {
    const place = placeAt(path);
    using lock = await PlaceLock.find(place, options);
    if (lock === undefined) return;
    if (isDirectory(place.limited)) {
      const id = idFor(place);
      if ((await idOf(place, options)) === id) await setLimit(place, id, 0);
    }
    await removePlace(place);
  },
};

/** By its inode, since no two directories of a file system have one. */
function idFor({ limited }: Place): number {
  const { ino } = lstatSync(limited, { bigint: true });
  // XFS has larger ones; two of those that become one id share a quota, which is no more than a nuisance.
  const known = ino < BigInt(IDS) ? Number(ino) : parseInt(toHex(sha256(utf8(String(ino)))).slice(0, 8), 16);
  return FIRST_ID + (known % IDS);
}

/** It may have one that it has from a directory above, which is none of ours. @returns 0: none, or there are no projects here */
async function idOf({ limited }: Place, options: Cancellable): Promise<number> {
  const { code, out } = await run(['lsattr', '-p', '-d', limited], options);
  const [id = '', flags = ''] = out.trim().split(/\s+/);
  return code === 0 && flags.includes('P') ? Number(id) : 0;
}

/** Nothing is in the directory yet: what is made in it has the id too, and so on. @throws unavailable */
async function giveId({ limited }: Place, id: number): Promise<void> {
  await demand(['chattr', '+P', '-p', String(id), limited], `make a project of ${limited}`);
}

/** @param limit 0: none */
async function setLimit({ limited }: Place, id: number, limit: number): Promise<void> {
  const blocks = limit === 0 ? 0 : Math.max(1, Math.floor(limit / UNIT));
  const words = ['setquota', '-P', String(id), '0', String(blocks), '0', '0', mountOf(limited).path] as const;
  await demand(words, `set the quota of ${limited}`);
}

/** As far as can be seen: a limit above the size of the disk never is. */
function isKept({ path, limited }: Place, limit: number): boolean {
  const { total } = roomAt(limited);
  return isLimit(total, limit) || (total === roomAt(path).total && total <= limit);
}

/** As the kernel tells it. */
function isLimit(total: number, limit: number): boolean {
  return total <= limit && total > limit - MOST_BLOCK;
}

/**
 * The kernel tells what a project uses as if it were a disk of the limit's size: as long as there is room left on it that is exact. Of one that is
 * used up, or larger than the real disk, it does not tell how much is used.
 */
class ProjectGauge implements Gauge {
  readonly #place: Place;
  readonly #limit: number;
  readonly #disk: DiskGauge;

  constructor(place: Place, limit: number) {
    this.#place = place;
    this.#limit = limit;
    this.#disk = new DiskGauge(place);
  }

  guess(): number {
    // Each time, so that it knows of all that was written before the project was full.
    const guessed = this.#disk.guess();
    return this.#told() ?? guessed;
  }

  async count(options: Cancellable): Promise<number> {
    const told = this.#told();
    if (told === undefined) return this.#disk.count(options);
    this.#disk.startFrom(told);
    return told;
  }

  #told(): number | undefined {
    const { total, free } = roomAt(this.#place.limited);
    return isLimit(total, this.#limit) && free > 0 ? total - free : undefined;
  }
}
