import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { claimOf, publishByClaim } from './publish.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-publish-'));
afterAll(() => rmSync(base, { recursive: true }));

function place(name: string): { readonly file: (text: string) => string; readonly target: string } {
  mkdirSync(join(base, name, 'tmp'), { recursive: true });
  let count = 0;
  const file = (content: string) => {
    const path = join(base, name, 'tmp', `file${count++}`);
    writeFileSync(path, content);
    return path;
  };
  return { file, target: join(base, name, 'target') };
}

describe('publishing by claim', () => {
  it('[S17] creates a name once', async () => {
    const { file, target } = place('once');
    expect(await publishByClaim(file('first'), target, {})).toBe(true);
    expect(await publishByClaim(file('second'), target, {})).toBe(false);
    expect(readFileSync(target, 'utf8')).toBe('first');
    expect(readdirSync(join(base, 'once/tmp'))).toEqual(['file1']);
  });

  it('[S17] waits for who holds the claim, then says what came of it', async () => {
    const { file, target } = place('wait');
    const mine = file('mine');
    mkdirSync(claimOf(mine, target));
    const waiting = publishByClaim(mine, target, {});
    writeFileSync(target, 'theirs');
    expect(await waiting).toBe(false);
    expect(readFileSync(target, 'utf8')).toBe('theirs');
  });

  it('[S17] a claim left by a dead process is unavailable, and cancelling ends the wait', async () => {
    const { file, target } = place('dead');
    const mine = file('mine');
    mkdirSync(claimOf(mine, target));
    await expectCode('unavailable', publishByClaim(mine, target, { patience: 30 }));
    await expectCode('cancelled', publishByClaim(mine, target, { signal: AbortSignal.abort() }));
    rmdirSync(claimOf(mine, target));
    expect(await publishByClaim(mine, target, {})).toBe(true);
  });
});
