/**
 * A store in a local directory: the object `a/b` is the file `a/b`.
 *
 * Calls of the file system are synchronous: a write of 1 MiB costs 1 ms so and 3 ms through promises, and opening a file again for
 * each read (20 µs) is little against the block that is decoded from it. Only fsync, which waits for the disk, runs beside us.
 */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

import { StrataError, errno, plainBytes, systemError, systemRandom, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { durableDirectories, synced } from './durable.ts';
import { noSuchObject, rangeOf } from './error.ts';
import { checkName, checkPrefix } from './name.ts';
import { publish } from './publish.ts';
import type { Body, Store } from './store.ts';
import { TEMPORARY, sweepTemporary, temporaryName, walk } from './walk.ts';

const FILE_MODE = 0o600;
/** A FIFO in place of an object must not hang us, nor a link lead us elsewhere. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Bytes that one call may read: 2^31 and more are an error of Node's. */
const MAX_READ = 2 ** 30;

/** @param directory made by the first put, with the directories above it */
export function openLocalStore(directory: string): Store {
  const root = resolve(directory);
  const label = `local store ${root}`;
  const directories = durableDirectories(root);

  const pathOf = (name: string) => join(root, name);
  let wasThere = false;

  /** What was there and is not any more was moved or unmounted: then it is not its objects that are missing. @throws unavailable */
  const checkThere = () => {
    const isThere = lstatSync(root, { throwIfNoEntry: false }) !== undefined;
    if (wasThere && !isThere) throw away(label);
    wasThere = isThere;
  };

  return {
    label,

    async put(name, body, options = {}) {
      checkName(name);
      const temporary = join(root, TEMPORARY, temporaryName(systemRandom));
      checkThere();
      const parent = name.split('/').slice(0, -1).join('/');
      let making: Promise<void> | undefined;
      try {
        await directories.make(TEMPORARY);
        making = directories.make(parent);
        // Told below, when nothing is being written any more.
        making.catch(() => {});
        await writeDurably(temporary, body, options);
        await making;
        const created = await publish(temporary, pathOf(name), options);
        wasThere = true;
        if (!created && !lstatSync(pathOf(name)).isFile()) throw damaged({ name }, NOT_A_FILE);
        // Also for a name that was taken: its creator may not have come to this line yet.
        await directories.sync(parent);
        return created ? 'created' : 'exists';
      } catch (error) {
        throw systemError(error, `write object ${name} to ${label}`);
      } finally {
        await making?.catch(() => {});
        discard(temporary);
      }
    },

    async get(name, options = {}) {
      checkName(name);
      throwIfAborted(options.signal);
      let file: number;
      try {
        file = openSync(pathOf(name), READ_FLAGS);
      } catch (error) {
        if (isAbsent(error)) {
          checkThere();
          throw noSuchObject(label, name);
        }
        if (errno(error) === 'ELOOP') throw damaged({ name }, NOT_A_FILE);
        throw systemError(error, `read object ${name} from ${label}`);
      }
      try {
        wasThere = true;
        const stats = fstatSync(file);
        if (!stats.isFile()) throw damaged({ name }, NOT_A_FILE);
        const { offset, length } = rangeOf(name, stats.size, options);
        return readExactly(file, name, offset, length);
      } catch (error) {
        throw systemError(error, `read object ${name} from ${label}`);
      } finally {
        closeSync(file);
      }
    },

    async size(name, options = {}) {
      checkName(name);
      throwIfAborted(options.signal);
      try {
        const stats = lstatSync(pathOf(name));
        if (!stats.isFile()) throw damaged({ name }, NOT_A_FILE);
        return stats.size;
      } catch (error) {
        if (isAbsent(error)) {
          checkThere();
          return undefined;
        }
        throw systemError(error, `look at object ${name} of ${label}`);
      }
    },

    async *list(prefix, options = {}) {
      checkPrefix(prefix);
      const { signal, after = '' } = options;
      checkThere();
      try {
        for (const found of walk(root, prefix)) {
          throwIfAborted(signal);
          if (found.kind === 'foreign' || found.name <= after) continue;
          const stats = lstatSync(pathOf(found.name), { throwIfNoEntry: false });
          // Deleted since its directory was read.
          if (stats === undefined) continue;
          yield { name: found.name, size: stats.size };
        }
      } catch (error) {
        throw systemError(error, `list ${label}`);
      }
    },

    async *foreign(options = {}) {
      try {
        for (const found of walk(root, '')) {
          throwIfAborted(options.signal);
          if (found.kind === 'foreign') yield found.name;
        }
      } catch (error) {
        throw systemError(error, `list ${label}`);
      }
    },

    async delete(name, options = {}) {
      checkName(name);
      throwIfAborted(options.signal);
      try {
        unlinkSync(pathOf(name));
      } catch (error) {
        if (!isAbsent(error)) throw systemError(error, `delete object ${name} from ${label}`);
      }
    },

    async sweep(olderThan, options = {}) {
      throwIfAborted(options.signal);
      try {
        return sweepTemporary(root, Date.now() - olderThan);
      } catch (error) {
        throw systemError(error, `sweep ${label}`);
      }
    },
  };
}

function away(label: string): StrataError {
  return new StrataError('unavailable', `the directory of ${label} is not there any more`, {
    hint: 'Mount it, or move it back to where it was.',
  });
}

const NOT_A_FILE = 'something that is no plain file has its name';

async function writeDurably(path: string, body: Body, options: Cancellable): Promise<void> {
  const file = openSync(path, 'wx', FILE_MODE);
  try {
    for await (const part of body) {
      throwIfAborted(options.signal);
      for (let at = 0; at < part.length;) at += writeSync(file, part, at);
    }
    throwIfAborted(options.signal);
    // Once only: after a failed fsync the kernel may call the pages clean, and a second one would succeed.
    await synced(file);
    throwIfAborted(options.signal);
  } finally {
    closeSync(file);
  }
}

function readExactly(file: number, name: string, offset: number, length: number): Sealed {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length;) {
    const count = readSync(file, bytes, at, Math.min(length - at, MAX_READ), offset + at);
    if (count === 0) throw damaged({ name }, `it ends at byte ${offset + at}, not ${offset + length}`);
    at += count;
  }
  return plainBytes(bytes) as Sealed;
}

/** What cannot be removed now is found by a sweep later; it must not hide why the put failed. */
function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
}

function isAbsent(error: unknown): boolean {
  const code = errno(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
