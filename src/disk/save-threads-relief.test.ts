import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { openMemoryStore } from '../store/index.ts';
import { noise } from '../testing/odd-tree.ts';
import { writerOver } from '../vault/writer.fixture.ts';
import { opened } from './opened.fixture.ts';
import { Ranges, rangesOf } from './ranges.ts';
import { SaveThreads } from './save-threads.ts';
import { scratch } from './scratch.fixture.ts';

const RANGE = 64 * 1024;

/** A file to post ranges of, and which of them are done. */
function long(threads: SaveThreads, ranges: number) {
  const path = join(scratch(), 'long');
  writeFileSync(path, noise(ranges * RANGE, 1));
  const file = opened(path);
  const share = Ranges.of(rangesOf(ranges * RANGE, [], RANGE));
  const done: number[] = [];
  return {
    done,
    post: () => threads.range(file.fd, share, ({ number }) => done.push(number)),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

const begin = (threads: SaveThreads, isFar: boolean) =>
  threads.begin({
    sink: { ...writerOver(openMemoryStore()).shared, isFar },
    onProgress: () => {},
    onFailure: (error) => expect.unreachable(String(error)),
  });

describe('a thread in the place of the caller', () => {
  it('[K31] is given jobs at once, however many the others have before them', async () => {
    await using threads = new SaveThreads(1);
    begin(threads, true);
    using file = long(threads, 64);
    let posted = 0;
    for (; threads.haveRoom; posted++) file.post();
    const before = posted;
    threads.relieve();
    // It does not do what was given out before it came, and the caller does no job any more.
    expect(threads.haveRoom).toBe(true);
    expect(await threads.workHere(() => {})).toBe(false);
    for (; threads.haveRoom; posted++) file.post();
    expect(posted - before).toBe(4);
    while (file.done.length < posted) await setTimeout(5);
  });

  it('[K31] is none where the store is a disk: the caller does its jobs', async () => {
    await using threads = new SaveThreads(1);
    begin(threads, false);
    threads.relieve();
    using file = long(threads, 16);
    for (let range = 0; range < 16; range++) file.post();
    expect(await threads.workHere(() => {})).toBe(true);
    while (file.done.length < 16) await setTimeout(5);
  });
});
