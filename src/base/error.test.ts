import { openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { StrataError, errno, giveWay, isStrataError, systemError, throwIfAborted } from './index.ts';

function caught(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('errors', () => {
  it('[B6] a refusal of the system says what was being done', () => {
    const error = systemError(
      caught(() => openSync('/nonexistent/file', 'r')),
      'open the file',
    );
    expect(isStrataError(error, 'not_found')).toBe(true);
    expect(error).toMatchObject({
      message: 'cannot open the file: ENOENT: no such file or directory',
      details: { errno: 'ENOENT' },
    });
  });

  it('[B6] each refusal has its code', () => {
    const codes = { ENOSPC: 'disk_full', EROFS: 'read_only', EACCES: 'unreadable', EIO: 'unavailable' };
    for (const [code, expected] of Object.entries(codes))
      expect(systemError(Object.assign(new Error(code), { code }), 'x')).toMatchObject({ code: expected });
  });

  it('[B6] so has one that Node has no name for', () => {
    const number = -constants.errno.EDQUOT;
    // As opening and as writing say it.
    const codes = {
      [`Unknown system error ${number}`]: `Unknown system error ${number}`,
      UNKNOWN: 'unknown error',
    };
    for (const [code, words] of Object.entries(codes)) {
      const error = Object.assign(new Error(`${code}: ${words}, open '/x'`), { code, errno: number });
      expect(systemError(error, 'open /x')).toMatchObject({
        code: 'disk_full',
        message: 'cannot open /x: EDQUOT: the disk quota is used up',
        details: { errno: 'EDQUOT' },
      });
    }
  });

  it('[B6] other errors pass through unchanged', () => {
    const aborted = caught(() => AbortSignal.abort().throwIfAborted());
    const mistaken = caught(() => readFileSync(undefined as unknown as string));
    for (const error of [
      new StrataError('refused', 'no'),
      new TypeError('x'),
      aborted,
      mistaken,
      'text',
      undefined,
    ]) {
      expect(systemError(error, 'x')).toBe(error);
      expect(errno(error)).toBeUndefined();
    }
  });

  it('[B7] an aborted signal ends in cancelled', () => {
    throwIfAborted(undefined);
    throwIfAborted(new AbortController().signal);
    const error = thrownBy(() => throwIfAborted(AbortSignal.abort('because')));
    expect(error.code).toBe('cancelled');
    expect(error.cause).toBe('because');
  });

  it('[B7] a loop that gives way hears of a signal', async () => {
    const interrupt = new AbortController();
    setImmediate(() => interrupt.abort());
    await expect(
      (async () => {
        for (;;) await giveWay(interrupt.signal);
      })(),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
});
