import { describe, expect, it } from 'vitest';

import { noise } from '../testing/noise.ts';
import { readBody } from './body.ts';

const MEMORY = 64 * 1024;

describe('a body that was received', () => {
  it('[S61] is copied, and its memory is given back when all in it was read', async () => {
    const sent = Uint8Array.from(noise('body', 2 * MEMORY));
    const memory = [0, 1].map((at) => sent.slice(at * MEMORY, (at + 1) * MEMORY));
    const parts = memory.flatMap((bytes) => [
      bytes.subarray(0, 100),
      bytes.subarray(100, 5000),
      bytes.subarray(5000),
    ]);
    const left: number[][] = [];
    const received = await readBody(inTurn(parts), sent.length, () => {
      left.push(memory.map(({ byteLength }) => byteLength));
    });
    expect(received).toEqual(sent);
    const [none, all] = [0, MEMORY];
    expect(left).toEqual([
      [all, all],
      [all, all],
      [none, all],
      [none, all],
      [none, all],
      [none, none],
    ]);
  });

  it('[S61] keeps what others may be in as well', async () => {
    const { buffer } = Buffer.from('small');
    const length = buffer.byteLength;
    expect(await readBody(inTurn([Buffer.from(buffer)]), length, () => {})).toHaveLength(length);
    expect(buffer.byteLength).toBe(length);
    const shared = new Uint8Array(new SharedArrayBuffer(MEMORY));
    expect(await readBody(inTurn([shared]), MEMORY, () => {})).toHaveLength(MEMORY);
    expect(shared.byteLength).toBe(MEMORY);
  });

  it.each([-1, 1])('[S61] of another length is none', async (more) => {
    expect(await readBody(inTurn([noise('body', MEMORY)]), MEMORY + more, () => {})).toBeUndefined();
  });
});

async function* inTurn(parts: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* parts;
}
