/** The key of a cache, with the sums of the task's files in it. */

import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';

import { StrataError, systemError } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import { evaluateCacheKey, isCacheKeyFlaw, parseCacheKey } from '../plan/index.ts';
import type { StepContext } from './attempt.ts';
import { belowHome } from './working-dir.ts';

/** A FIFO must not hang us, nor a link lead us elsewhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @throws bad_input, path_not_found, unreadable */
export async function cacheKey(context: StepContext, template: string): Promise<string> {
  const key = parseCacheKey(template);
  // The run file was read with this key in it.
  if (isCacheKeyFlaw(key)) throw new StrataError('internal', `a cache key was not checked: ${key.problem}`);
  return evaluateCacheKey(key, {
    checksum: (algorithm, path) => checksum(context, algorithm, path),
    env: (name) => context.environment[name],
    os: process.platform,
    arch: context.arch,
    now: context.world.clock(),
  });
}

async function checksum(context: StepContext, algorithm: 'md5' | 'sha256', path: string): Promise<string> {
  const names = belowHome(context, path);
  const name = names.at(-1);
  if (name === undefined) throw noFile(path);
  using above = Below.open(context.place.directory, names.slice(0, -1));
  let file: number;
  try {
    file = openSync(Buffer.concat([Buffer.from(`${above.path}/`), name]), FLAGS);
  } catch (error) {
    throw systemError(error, `read ${path} for the key of a cache`);
  }
  const isFile = fstatSync(file).isFile();
  if (!isFile) {
    closeSync(file);
    throw noFile(path);
  }
  const hash = createHash(algorithm);
  for await (const part of createReadStream('', { fd: file })) hash.update(part as Uint8Array);
  return hash.digest('hex');
}

function noFile(path: string): StrataError {
  return new StrataError('bad_input', `${path} is no file, and a cache has its sum in its key`, {
    hint: 'Name a file relative to the working directory.',
    details: { path },
  });
}
