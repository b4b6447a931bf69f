/** Of the suite that every executor passes: input that comes as a stream. */

import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import type { Test } from './executor.contract.ts';
import { newToken, withToken } from './place.fixture.ts';

const PART_BYTES = 64 * 1024;
/** Pipes on the way hold some of it, and podman's more than ours. */
const MOST_AHEAD = 8 * 1024 * 1024;

const CASES = {
  '[X16] a stream is given to stdin as it comes, and ends it': async ({ sh }) => {
    let text = '';
    let heard = Promise.withResolvers<void>();
    async function* conversation() {
      for (const line of ['one\n', 'two\n', 'three\n']) {
        heard = Promise.withResolvers<void>();
        yield Buffer.from(line);
        await heard.promise;
      }
    }
    const { exitCode } = await sh(
      'while read -r line; do echo "got $line"; done; exit 6',
      { input: conversation() },
      {
        onOutput(bytes) {
          text += Buffer.from(bytes).toString();
          if (text.endsWith('\n')) heard.resolve();
        },
      },
    );
    expect({ exitCode, text }).toEqual({ exitCode: 6, text: 'got one\ngot two\ngot three\n' });
  },

  '[X16] it comes whole, in parts of any size': async ({ sh }) => {
    const bytes = noise('input', 6_000_000);
    async function* parts() {
      const sizes = [0, 1, 0, 7, 4095, 65_537, 1_000_000, bytes.length];
      for (let from = 0, at = 0; from < bytes.length; at++) {
        const part = Uint8Array.from(bytes.subarray(from, from + (sizes[at] ?? 0)));
        yield part;
        // It is the stream's again.
        part.fill(0);
        from += part.length;
      }
    }
    const { stdout } = await sh('sha256sum', { input: parts() });
    expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(bytes).digest('hex'));
  },

  '[X16] one that is over can be read, also by name': async ({ sh }) => {
    const late = 'sleep 0.5; cat /dev/stdin; cat /dev/stdin; cat';
    expect((await sh(late, { input: streamOf('by name') })).stdout).toBe('by name');
    expect((await sh(late, { input: streamOf() })).stdout).toBe('');
  },

  '[X16] no more is asked for than the command reads': async ({ sh }) => {
    let asked = 0;
    const part = new Uint8Array(PART_BYTES);
    async function* endless() {
      for (;;) {
        asked += part.length;
        yield part;
      }
    }
    expect((await sh('sleep 1; head -c 5 | wc -c', { input: endless() })).stdout.trim()).toBe('5');
    expect(asked).toBeLessThan(MOST_AHEAD);
  },

  '[X17] a command that does not read it ends as ever, and the stream is told': async ({ sh }) => {
    for (const script of ['exit 3', 'exec <&-; sleep 0.2; exit 3', 'head -c 1 >/dev/null; exit 3']) {
      const stuck = stuckAfter(Buffer.from('x'));
      expect((await sh(script, { input: stuck.stream })).exitCode, script).toBe(3);
      expect(await stuck.told, script).toBe(true);
    }
    // One whose `return` waits for what never comes.
    async function* never() {
      yield Buffer.from('x');
      await new Promise(() => undefined);
    }
    expect((await sh('exit 4', { input: never() })).exitCode).toBe(4);
  },

  '[X17] a command whose stream is stuck can be cancelled': async ({ sh }) => {
    for (const script of ['cat', 'trap "" TERM; while :; do cat; sleep 0.1; done']) {
      const token = newToken();
      const abort = new AbortController();
      const { stream, told } = stuckAfter(Buffer.from('on\n'));
      const options = { signal: abort.signal, grace: 200, onOutput: () => abort.abort() };
      await expectCode('cancelled', sh(`: ${token}; ${script}`, { input: stream }, options));
      expect(await told).toBe(true);
      expect(withToken(token)).toEqual([]);
    }
  },

  '[X17] so can one that reads nothing of an endless stream': async ({ sh }) => {
    const abort = new AbortController();
    const options = { signal: abort.signal, grace: 200, onOutput: () => abort.abort() };
    async function* endless() {
      for (;;) yield new Uint8Array(PART_BYTES);
    }
    await expectCode('cancelled', sh('sleep 0.5; echo on; sleep 100', { input: endless() }, options));
    expect((await sh('cat', { input: 'next' })).stdout).toBe('next');
  },

  '[X18] what the stream throws ends the command, and is thrown': async ({ sh }) => {
    const failure = new Error('the caller hung up');
    for (const wait of [0, 300]) {
      const token = newToken();
      async function* broken() {
        yield Buffer.from('half');
        await setTimeout(wait);
        throw failure;
      }
      const running = sh(`: ${token}; cat; (setsid sleep 100 &); sleep 100`, { input: broken() });
      await expect(running).rejects.toBe(failure);
      expect(withToken(token)).toEqual([]);
    }
    expect((await sh('echo next')).stdout).toBe('next\n');
  },
} satisfies Record<string, Test>;

export const INPUT_CASES: Record<string, Test> = CASES;

async function* streamOf(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

/** Gives one part, and then nothing until it is told that nobody listens. */
function stuckAfter(first: Uint8Array) {
  const told = Promise.withResolvers<boolean>();
  let asked = 0;
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => (asked++ === 0 ? { done: false, value: first } : new Promise<never>(() => undefined)),
    async return() {
      told.resolve(true);
      return { done: true, value: undefined };
    },
  };
  return { stream: { [Symbol.asyncIterator]: () => iterator }, told: told.promise };
}
