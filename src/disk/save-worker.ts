/** Does jobs of a save in whichever thread it is: read, cut, hash, look up, pack and seal, and no byte is handed over in between. */

import { closeSync, fstatSync } from 'node:fs';

import { errno, errorMessage, isStrataError } from '../base/index.ts';
import { MIN_CHUNK } from '../chunk/index.ts';
import { ThreadWriter } from '../vault/index.ts';
import type { ThreadOutput, WriterShare } from '../vault/index.ts';
import { atText, nameBytes } from './at.ts';
import { cutInto, cutShort } from './cut-file.ts';
import { cutRange, rangeBuffer } from './cut-range.ts';
import { ExtentList } from './extent-list.ts';
import { Ranges } from './ranges.ts';
import { CHANGED, FACTS, FAILED } from './save-order.ts';
import type { JobOutcome, SaveAnswer, SaveOrder } from './save-order.ts';
import { isAtRest, isUnchanged, openFile } from './scan-file.ts';
import type { Facts } from './scan-file.ts';

interface Worker {
  readonly writer: ThreadWriter;
  readonly extents: ExtentList;
  /** Longer than a part of any other file. */
  readonly buffer: Uint8Array;
}

export class SaveWorker {
  // Told with the answer to a job: each message wakes the other side.
  #outputs: ThreadOutput[] = [];
  readonly #worker: Worker;

  constructor(share: WriterShare) {
    const writer = new ThreadWriter(share, (output) => this.#outputs.push(output));
    this.#worker = { writer, extents: new ExtentList(), buffer: rangeBuffer() };
  }

  /**
   * Waits for the range before, where there is one: blocks the thread.
   *
   * @param number the range that was taken already, if the order is for one
   * @throws what ends the save
   */
  work(order: SaveOrder, number?: number): SaveAnswer {
    const outcome = workAt(this.#worker, order, number);
    const outputs = this.#outputs;
    this.#outputs = [];
    return { outputs, outcome };
  }
}

function workAt(worker: Worker, order: SaveOrder, number: number | undefined): JobOutcome | undefined {
  switch (order.kind) {
    case 'files':
      return readFiles(worker, order);
    case 'range':
      return readRange(worker, order, number);
    case 'finish':
      worker.writer.finish();
      return undefined;
  }
}

function readFiles(
  worker: Worker,
  order: Extract<SaveOrder, { kind: 'files' }>,
): JobOutcome & { kind: 'files' } {
  const { job, names, directories, facts } = order;
  const { extents } = worker;
  const lengths = new Float64Array(names.length);
  const failures: [number, string | undefined, ReturnType<typeof errorMessage>][] = [];
  for (const [file, name] of names.entries()) {
    const before = extents.length;
    try {
      const whole = readFile(worker, directories[file]!, name, factsAt(facts, file));
      lengths[file] = whole ? extents.length - before : CHANGED;
    } catch (error) {
      // Not the file's, but ours: that ends the save.
      if (isStrataError(error)) throw error;
      lengths[file] = FAILED;
      failures.push([file, errno(error), errorMessage(error)]);
    }
    if (lengths[file]! < 0) extents.cutBack(before);
    extents.separate();
  }
  return { kind: 'files', job, lengths, failures, extents: extents.take() };
}

/** One try. @returns false if the file changed, or is no longer there under that name */
function readFile(
  { writer, extents, buffer }: Worker,
  directory: number,
  name: string,
  before: Facts,
): boolean {
  if (!isAtRest(directory, nameBytes(name), before)) return false;
  const fd = openFile(atText(directory, name));
  if (fd === undefined) return false;
  try {
    const whole =
      before.size <= MIN_CHUNK
        ? cutShort(extents, fd, before.size, writer, buffer)
        : cutLonger(extents, fd, before.size, writer, buffer);
    return whole && isUnchanged(before, fstatSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** `cutInto` without its pauses: a thread has nobody to make way for. */
function cutLonger(...cutting: Parameters<typeof cutInto>): boolean {
  const parts = cutInto(...cutting);
  let part = parts.next();
  while (part.done !== true) part = parts.next();
  return part.value;
}

function readRange(
  worker: Worker,
  { job, fd, ranges: share }: Extract<SaveOrder, { kind: 'range' }>,
  taken: number | undefined,
): JobOutcome & { kind: 'range' } {
  const ranges = new Ranges(share);
  const number = taken ?? ranges.take();
  const { writer, extents, buffer } = worker;
  let told = false;
  try {
    const whole = cutRange(
      fd,
      ranges.at(number),
      writer,
      buffer,
      extents,
      () => ranges.wait(number),
      (position) => {
        ranges.tell(number + 1, position);
        told = true;
      },
    );
    const bytes = extents.take();
    return { kind: 'range', job, number, extents: whole ? bytes : undefined, failure: undefined };
  } catch (error) {
    if (isStrataError(error)) throw error;
    extents.take();
    const failure = [errno(error), errorMessage(error)] as const;
    return { kind: 'range', job, number, extents: undefined, failure };
  } finally {
    // Whatever happened here: the thread with the next range must not wait for ever.
    if (!told) ranges.giveUp(number + 1);
  }
}

function factsAt(facts: Float64Array, file: number): Facts {
  const at = file * FACTS;
  return {
    dev: facts[at]!,
    ino: facts[at + 1]!,
    size: facts[at + 2]!,
    mtimeMs: facts[at + 3]!,
    ctimeMs: facts[at + 4]!,
  };
}
