import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';

import { passedInput } from './passed-input.ts';

const never = new AbortController().signal;

async function textOf(parts: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const part of parts) text += Buffer.from(part).toString();
  return text;
}

it('[C62] a pipe is passed on, as it comes, until it ends', async () => {
  const pipe = new PassThrough();
  using input = passedInput(pipe, never);
  pipe.write('one ');
  pipe.end('two');
  expect(await textOf(input.parts!)).toBe('one two');
});

it('[C62] a terminal is left alone', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  using input = passedInput(terminal, never);
  expect(input.parts).toBeUndefined();
  expect(terminal.listenerCount('error')).toBe(0);
});

it('[C62] a pipe that stays open keeps nobody waiting once the command is over, or cancelled', async () => {
  const cancelled = new AbortController();
  for (const end of ['over', 'cancelled'] as const) {
    const pipe = new PassThrough();
    const input = passedInput(pipe, cancelled.signal);
    pipe.write('first');
    const reading = textOf(input.parts!);
    await new Promise((resolve) => setImmediate(resolve));
    if (end === 'over') input[Symbol.dispose]();
    else cancelled.abort();
    expect(await reading).toBe('first');
  }
});

it('[C62] what cannot be read is told', async () => {
  const broken = new Readable({
    read() {
      this.destroy(
        Object.assign(new Error('EISDIR: illegal operation on a directory, read'), { code: 'EISDIR' }),
      );
    },
  });
  using input = passedInput(broken, never);
  await expect(textOf(input.parts!)).rejects.toMatchObject({
    code: 'bad_input',
    message: expect.stringContaining('read stdin'),
  });
});
