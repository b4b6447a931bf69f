import { CommanderError } from 'commander';
import { expect, it } from 'vitest';

import { EXIT_CODES, StrataError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import { captureWorld } from './capture.fixture.ts';
import { reportFailure } from './failure.ts';
import { formatDate } from './format.ts';
import { Terminal } from './terminal.ts';
import type { GlobalFlags } from './world.ts';

async function report(error: unknown, flags: GlobalFlags = {}, signal = new AbortController().signal) {
  const world = captureWorld();
  const options = { program: 'mctl', verbose: flags.verbose === true, signal };
  const exitCode = reportFailure(error, new Terminal(world, flags), options);
  return { exitCode, stderr: await world.stderr.settled() };
}

it.each(Object.keys(EXIT_CODES) as ErrorCode[])('[C1] %s', async (code) => {
  expect((await report(new StrataError(code, 'x'))).exitCode).toBe(EXIT_CODES[code]);
});

const aborted = AbortSignal.abort();
it.each([
  [
    'a system error',
    Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
    7,
  ],
  ['a bug', new TypeError('x is not a function'), 70],
  ['something thrown', 'text', 70],
  ['nothing thrown', undefined, 70],
  ['an aborted call of Node', Object.assign(new Error('aborted'), { name: 'AbortError' }), 9],
  ['an unknown option', new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'"), 2],
])('[C1] %s', async (_, error, exitCode) => {
  expect((await report(error, {}, aborted)).exitCode).toBe(exitCode);
});

it('[C7] text: when something expired, as other times are written', async () => {
  const expired = Date.UTC(2026, 10, 29, 4, 27, 26, 325);
  const error = new StrataError('workspace_expired', `gone on ${new Date(expired).toISOString()}`, {
    details: { expired },
  });
  expect((await report(error)).stderr).toBe(`error: gone on ${formatDate(expired)}\n`);
  expect((await report(error, { json: true })).stderr).toContain('2026-11-29T04:27:26.325Z');
});

it('[C7] text: message and hint, no stack', async () => {
  const error = new StrataError('refused', 'no\x1b[31m', { hint: 'do this', cause: new Error('inner') });
  expect((await report(error)).stderr).toBe('error: no\\x1b[31m\nhint: do this\n');
  expect((await report(new TypeError('bug'))).stderr).not.toMatch(/^ +at /m);
});

it('[C7] damage without a hint gets one', async () => {
  expect((await report(new StrataError('integrity', 'broken'))).stderr).toMatch(
    /hint: `mctl store verify --read-data`/,
  );
});

it('[C7] with -v the stack, and that of the cause', async () => {
  const error = new StrataError('refused', 'no', { cause: new Error('inner') });
  expect((await report(error, { verbose: true })).stderr).toMatch(
    /StrataError: no\n +at [^]*caused by Error: inner\n +at /,
  );
});

it('[C6] JSON is the last line, also with -v', async () => {
  const { stderr } = await report(new Error('bug'), { json: true, verbose: true });
  expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    error: { code: 'internal' },
  });
});

it('[C6] JSON: one line', async () => {
  const { stderr } = await report(new StrataError('refused', 'a\nb', { details: { paths: ['x'] } }), {
    json: true,
  });
  expect(stderr.endsWith('\n') && stderr.split('\n').length).toBe(2);
  expect(JSON.parse(stderr)).toEqual({
    error: { code: 'refused', message: 'a\nb', hint: null, details: { paths: ['x'] } },
  });
});

it.each([
  [
    "error: unknown option '--x'\n(Did you mean --y?)",
    "error: unknown option '--x'\nhint: Did you mean --y?\n",
  ],
  ["error: missing argument 'dir'", /^error: missing argument 'dir'\nhint: `mctl --help` shows/],
])('[C3] usage: %j', async (message, text) => {
  expect((await report(new CommanderError(1, 'commander.x', message))).stderr).toMatch(text);
});
