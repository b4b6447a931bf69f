/**
 * Keeps the code that V8 has compiled, from one process to the next.
 *
 * Node's own cache has of a file what is compiled while that is loaded. Nearly every function is compiled when it is called first, in each
 * process anew: a fifth of the time of a short save. So here code is written down when the process ends, with all that it has called.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';

import { writeWhole } from './write-whole.ts';

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
  readonly facts: Buffer;
  /** How much code there was, in bytes. */
  readonly known: number;
}

export class CodeCache {
  /** Undefined: nothing is kept. */
  readonly #directory: string | undefined;
  readonly #chance: () => number;
  readonly #flags = flags();
  readonly #scripts: Kept[] = [];

  /**
   * @param base of this and other caches: what is nobody else's is in a directory of its own there. Undefined or empty: nothing is kept
   * @param chance from 0 to 1
   */
  constructor(base: string | undefined, chance = Math.random) {
    this.#chance = chance;
    if (base === undefined || base === '') return;
    const tag = `strata-${process.version}-${process.arch}-${this.#flags}-${process.getuid?.() ?? 0}`;
    const directory = join(resolve(base), tag);
    if (!isForeign(directory)) this.#directory = directory;
  }

  /** @returns the script of a function, as `require` makes it of a file @throws the system's error; SyntaxError */
  compile(file: string): Script {
    const fd = openSync(file, 'r');
    let source: string;
    let facts: Buffer;
    try {
      facts = factsOf(fstatSync(fd));
      source = `${HEAD}${readFileSync(fd, 'utf8')}${TAIL}`;
    } finally {
      closeSync(fd);
    }
    const names = { filename: file, columnOffset: -HEAD.length };
    if (this.#directory === undefined) return new Script(source, names);
    // With its whole path: a cache may serve several installations.
    const path = join(this.#directory, `${file}.code`);
    const code = readCode(path, facts);
    const script = new Script(source, { ...names, ...(code && { cachedData: code }) });
    const isGood = code !== undefined && script.cachedDataRejected !== true;
    this.#scripts.push({ script, path, facts, known: isGood ? code.length : 0 });
    return script;
  }

  /**
   * At the end of the process, or of a thread. Where nothing can be written, nothing is, and nobody hears of it.
   *
   * @param isLast whether this is the last thing that the process does
   */
  keep(isLast: boolean): void {
    const isMissing = this.#scripts.some(({ known }) => known === 0);
    if (this.#directory === undefined || (!isMissing && this.#chance() * ONE_IN >= 1)) return;
    // V8 takes code only where its flags are as they were, and somebody may have set one after the start (`boundHeap`).
    if (isLast && flags() !== this.#flags)
      process.getBuiltinModule('node:v8').setFlagsFromString('--heap-growing-percent=0');
    if (flags() !== this.#flags) return;
    for (const { script, path, facts, known } of this.#scripts) {
      const code = script.createCachedData();
      // V8 forgets functions that were not called for a while: less than before is no news.
      if (code.length > known) writeWhole(this.#directory, path, [facts, code]);
    }
  }
}

/** Of what V8 writes down: its version and flags, the length of the source. What follows may be different for each process. */
const HEAD_BYTES = 24;

/** Stands for the flags of V8 as they are now, in few letters. To load what Node has for it (`cachedDataVersionTag`) takes 4 ms. */
function flags(): string {
  let sum = 0;
  for (const byte of new Script('0').createCachedData().subarray(0, HEAD_BYTES))
    sum = (Math.imul(sum, 31) + byte) | 0;
  return (sum >>> 0).toString(36);
}

/** Whether somebody else may have written what is in it. What is not there yet is ours when we make it. */
function isForeign(directory: string): boolean {
  try {
    const stats = lstatSync(directory, { throwIfNoEntry: false });
    if (stats === undefined) return false;
    return !stats.isDirectory() || isOfOthers(stats);
  } catch {
    return true;
  }
}

function isOfOthers({ uid, mode }: Stats): boolean {
  return uid !== process.getuid?.() || (mode & 0o022) !== 0;
}

/** Of the file that code was made of: V8 compares only the length of a source. */
function factsOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): Buffer {
  return Buffer.from(Float64Array.of(dev, ino, size, mtimeMs, ctimeMs).buffer);
}

function readCode(path: string, facts: Buffer): Buffer | undefined {
  let bytes: Buffer;
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const stats = fstatSync(fd);
      // The directory was looked at by its name, and may be another one by now.
      if (!stats.isFile() || isOfOthers(stats)) return undefined;
      bytes = readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
  return facts.equals(bytes.subarray(0, facts.length)) ? bytes.subarray(facts.length) : undefined;
}
