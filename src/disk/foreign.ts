/**
 * What is in a directory and not in a tree, with all that is in it: counted, or removed. It is gone through by open directories, however
 * deep, and no link is followed. What is off limits stays, and so do the directories that it stands in.
 */

import { fstatSync, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { StrataError, errno } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';
import { MODE_BITS, at, lstatAt, manyNamesIn, mountOf, nameBytes, reopenDirectory, unlockAt } from './at.ts';
import type { Names } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { writeError } from './failure.ts';
import { isLocked, isOurs, isWritable, looksOf, setLooks } from './looks.ts';
import type { Looks } from './looks.ts';
import type { OffLimits } from './off-limits.ts';
import type { Pace } from './pace.ts';
import { TRIES, wasReplaced } from './scan-file.ts';
import { Tallying } from './tally.ts';

export interface ForeignOptions {
  readonly offLimits: OffLimits;
  readonly pace: Pace;
  /** Else it is counted, and nothing is changed. */
  readonly removes: boolean;
}

/** The system's errors for what stays whatever we do: it is immutable, mounted, or somebody else's. */
const REFUSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EBUSY']);

const BLOCK_BYTES = 512;

/** A directory that is gone through. */
interface Frame {
  readonly name: Buffer;
  readonly looks: Looks;
  readonly mount: string | undefined;
  readonly names: Names;
  next: number;
  /** Because of something in it. */
  stays: boolean;
}

/** Of one thing, with all in it. Undefined: it has become something else, and is to be looked at again. */
type Fate = 'gone' | 'stays' | undefined;

export class Foreign {
  /** What was counted: the first paths are those of directories before what is in them. */
  readonly counted = new Tallying();
  /** What cannot be removed, as far as one can see; or could not. */
  readonly stuck = new Tallying();
  /** On the disk, of what was counted and has no other name. */
  bytes = 0;
  readonly #options: ForeignOptions;

  constructor(options: ForeignOptions) {
    this.#options = options;
  }

  /**
   * @param directory an open directory, which stays open
   * @param path of what stands in it under the name
   * @throws conflict if it changes all the time; disk_full, read_only, …, each with the path; cancelled by the pace
   */
  async visit(directory: number, name: Buffer, path: Path): Promise<void> {
    if (this.#leaf(directory, name, path) === undefined) await this.#goThrough(directory, name, path, false);
  }

  /** The same for what something else takes the place of: only what is in it is counted, and none of that may stay. @throws as `visit` */
  async displace(directory: number, name: Buffer, path: Path): Promise<void> {
    if (lstatAt(directory, name)?.isDirectory() === true) await this.#goThrough(directory, name, path, true);
  }

  async #goThrough(directory: number, name: Buffer, path: Path, isReplaced: boolean): Promise<void> {
    const { pace } = this.#options;
    using chain = new DirectoryChain(reopenDirectory(directory));
    const way = path.slice(0, -1);
    const frames: Frame[] = [];
    const take = (below: Buffer): void => {
      way.push(below);
      const mount = frames.at(-1)?.mount ?? mountOf(directory);
      const taken = this.#take(chain, below, way, mount, isReplaced && frames.length === 0);
      if (typeof taken === 'object') frames.push(taken);
      else end(taken);
    };
    const end = (fate: Fate): void => {
      way.pop();
      const above = frames.at(-1);
      if (fate === 'stays' && above !== undefined) above.stays = true;
    };
    take(name);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const next = frame.names.at(frame.next++);
      if (next !== undefined) take(nameBytes(next));
      else {
        frames.pop();
        end(this.#leave(chain, frame, way));
      }
      if (pace.step()) await pace.pause();
    }
  }

  /** @param mount of the directory where the chain is @throws conflict if it changes all the time */
  #take(chain: DirectoryChain, name: Buffer, path: Path, mount: string | undefined, isReplaced: boolean) {
    for (let tries = 0; tries < TRIES; tries++) {
      const taken = this.#leaf(chain.fd, name, path) ?? this.#enter(chain, name, path, mount, isReplaced);
      if (taken !== undefined) return taken;
    }
    throw changed(path);
  }

  /** @returns undefined for a directory */
  #leaf(directory: number, name: Buffer, path: Path): Fate {
    const stats = lstatAt(directory, name);
    if (stats === undefined) return 'gone';
    if (stats.isDirectory()) return undefined;
    try {
      if (this.#options.removes) unlinkSync(at(directory, name));
    } catch (error) {
      if (errno(error) === 'EISDIR') return undefined;
      if (errno(error) !== 'ENOENT') return this.#refused(error, path);
    }
    this.#count(path, stats);
    return 'gone';
  }

  #enter(
    chain: DirectoryChain,
    name: Buffer,
    path: Path,
    above: string | undefined,
    isReplaced: boolean,
  ): Frame | Fate {
    const { offLimits, removes } = this.#options;
    const opened = this.#open(chain, name, path);
    if (typeof opened !== 'object') return opened;
    const { fd } = chain;
    const stats = fstatSync(fd);
    const mount = mountOf(fd);
    const isOff = offLimits.has(fd, stats);
    const stays = isOff || offLimits.isIn(fd, stats);
    const names = isOff ? [] : manyNamesIn(fd);
    const isStuck =
      (stays && isReplaced) ||
      (!isOff && (mount !== above || (!removes && names.length > 0 && !isWritable(fd))));
    if (isStuck) this.stuck.add(path);
    if (isStuck || isOff) {
      chain.leave((left) => removes && isLocked(opened) && setLooks(left, opened, false));
      return 'stays';
    }
    if (!stays && !isReplaced) this.#count(path);
    return { name, looks: opened, mount, names, next: 0, stays };
  }

  /** Goes into a directory. @returns what it looked like; or its fate if that cannot be */
  #open(chain: DirectoryChain, name: Buffer, path: Path): Looks | Fate {
    const { removes } = this.#options;
    let stats: Stats | undefined;
    try {
      stats = lstatAt(chain.fd, name);
      if (stats === undefined) return 'gone';
      const looks = looksOf(stats, () => lstatSync(at(chain.fd, name), { bigint: true }), MODE_BITS);
      if (removes && isOurs(stats) && isLocked(looks)) unlockAt(chain.fd, name);
      chain.enter(name);
      return looks;
    } catch (error) {
      if (wasReplaced(error)) return undefined;
      // One of ours will be unlocked when it is removed.
      if (removes || errno(error) !== 'EACCES' || stats === undefined || !isOurs(stats))
        return this.#refused(error, path);
      this.#count(path);
      return 'gone';
    }
  }

  #leave(chain: DirectoryChain, { name, looks, stays }: Frame, path: Path): Fate {
    const { removes } = this.#options;
    chain.leave((fd) => removes && stays && setLooks(fd, looks, false));
    if (!removes || stays) return stays ? 'stays' : 'gone';
    try {
      rmdirSync(at(chain.fd, name));
    } catch (error) {
      if (errno(error) === 'ENOTEMPTY' || errno(error) === 'EEXIST' || errno(error) === 'ENOTDIR')
        throw changed(path);
      if (errno(error) !== 'ENOENT') return this.#refused(error, path);
    }
    return 'gone';
  }

  #count(path: Path, stats?: Stats): void {
    this.counted.add(path);
    if (stats?.nlink === 1) this.bytes += stats.blocks * BLOCK_BYTES;
  }

  #refused(error: unknown, path: Path): 'stays' {
    if (!REFUSED.has(errno(error))) throw withPath(writeError(error, 'remove what is not in the tree'), path);
    this.stuck.add(path);
    return 'stays';
  }
}

function changed(path: Path): unknown {
  return withPath(
    new StrataError('conflict', 'something was put in the target while it was restored into'),
    path,
  );
}
