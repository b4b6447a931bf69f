/**
 * Keeps the code that V8 has compiled, from one process to the next.
 *
 * Node's own cache has of a file what is compiled while that is loaded. Nearly every function is compiled when it is called first, in each
 * process anew: a fifth of the time of a short save. So here code is written down when the process ends, with all that it has called.
 */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** What a script is the body of; on its first line, so that lines of errors are the file's. */
const HEAD = '(function (exports, require, module, __filename, __dirname) {';
const TAIL = '\n})';

/**
 * Of so many processes one looks whether it has called more than is written down, which takes 20 ms. Commands are alike, so that all of it is
 * known soon.
 */
const ONE_IN = 16;

interface Kept {
  readonly script: Script;
  /** Of the cache. */
  readonly path: string;
  readonly facts: Float64Array;
  /** How much code there was, in bytes. */
  readonly known: number;
}

export class CodeCache {
  /** Undefined: nothing is kept. */
  readonly #directory: string | undefined;
  readonly #chance: () => number;
  readonly #scripts: Kept[] = [];

  /** @param directory may be missing, and all may be missing that is in it */
  constructor(directory: string | undefined, chance = Math.random) {
    this.#directory = directory;
    this.#chance = chance;
  }

  /** @param base of this and other caches. Code that somebody else has written is not run: each user has his own. */
  static of(base: string | undefined): CodeCache {
    const tag = `strata-${process.version}-${process.arch}-${process.getuid?.() ?? 0}`;
    return new CodeCache(base === undefined || base === '' ? undefined : join(base, tag));
  }

  /** @returns the script of a function, as `require` makes it of a file */
  compile(file: string): Script {
    const source = `${HEAD}${readFileSync(file, 'utf8')}${TAIL}`;
    if (this.#directory === undefined) return new Script(source, { filename: file });
    // With its whole path: a directory may serve several installations.
    const path = join(this.#directory, file);
    const facts = factsOf(statSync(file));
    const code = readCode(path, facts);
    const script = new Script(source, { filename: file, ...(code && { cachedData: code }) });
    const isGood = code !== undefined && script.cachedDataRejected !== true;
    this.#scripts.push({ script, path, facts, known: isGood ? code.length : 0 });
    return script;
  }

  /** At the end of the process. Where nothing can be written, nothing is, and nobody hears of it. */
  keep(): void {
    const isMissing = this.#scripts.some(({ known }) => known === 0);
    if (this.#directory === undefined || (!isMissing && this.#chance() * ONE_IN >= 1)) return;
    // Trap: V8 takes code only where its flags are as they were, and somebody may have set this one (`boundHeap`) after the start.
    process.getBuiltinModule('node:v8').setFlagsFromString('--heap-growing-percent=0');
    try {
      for (const kept of this.#scripts) keepLarger(kept);
    } catch {
      // A file system that is full, or of somebody else.
    }
  }
}

/** V8 compares only the length of a source. */
function factsOf({ ino, size, mtimeMs, ctimeMs }: Stats): Float64Array {
  return Float64Array.of(ino, size, mtimeMs, ctimeMs);
}

function readCode(path: string, facts: Float64Array): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const head = Buffer.from(facts.buffer);
  return head.equals(bytes.subarray(0, head.length)) ? bytes.subarray(head.length) : undefined;
}

/** V8 forgets functions that were not called for a while, so there may be less than before. @throws the system's error */
function keepLarger({ script, path, facts, known }: Kept): void {
  const code = script.createCachedData();
  if (code.length <= known) return;
  const fresh = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    const fd = openSync(fresh, 'wx', 0o600);
    try {
      writeFileSync(fd, Buffer.concat([Buffer.from(facts.buffer), code]));
      // V8 believes what it is given: half a file, after a power cut, would end the process.
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(fresh, path);
  } catch (error) {
    // If it was there before, somebody writes it now, or was killed when he did: then the next one can.
    unlinkSync(fresh);
    throw error;
  }
}
