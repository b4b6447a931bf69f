import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { chooseMeans, meansNamed } from './choose.ts';

const NOBODY = 65534;

/** Prints who it is, and leaves a place open that it was trying out. */
const DYING = `
  import { thisProcess } from ${JSON.stringify(join(import.meta.dirname, '../base/index.ts'))};
  import { meansNamed } from ${JSON.stringify(join(import.meta.dirname, 'choose.ts'))};
  const [base, name] = process.argv.slice(1);
  await meansNamed(name).open(base + '/.quota-trial-' + name + '-' + thisProcess() + '-1', 1e6);`;

function newBase(): string {
  const base = mkdtempSync(join(tmpdir(), 'strata-choose-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  return base;
}

function dieTrying(base: string, name: string): void {
  execFileSync(process.execPath, ['--input-type=module', '--eval', DYING, base, name]);
}

describe('the choice of means', () => {
  it('[Q30] each can be had by its name', () => {
    for (const name of ['filesystem', 'project', 'watch'] as const) expect(meansNamed(name).name).toBe(name);
  });

  it('[Q30] a watch is always there; the directory is made, and nothing stays in it', async () => {
    const base = join(newBase(), 'deep', 'base');
    expect((await chooseMeans(base, 'watch')).name).toBe('watch');
    expect(readdirSync(base)).toEqual([]);
  });

  it('[Q31] what a process left that died while it tried is taken away', async () => {
    const base = newBase();
    dieTrying(base, 'watch');
    expect(readdirSync(base)).toHaveLength(1);
    await chooseMeans(base, 'watch');
    expect(readdirSync(base)).toEqual([]);
  });
});

describeWith(['root', 'loop', 'mounts'], 'the choice of means by root', () => {
  it('[Q30] a file system is the strongest', async () => {
    const base = newBase();
    expect((await chooseMeans(base, 'auto')).name).toBe('filesystem');
    expect((await chooseMeans(base, 'filesystem')).name).toBe('filesystem');
    expect(readdirSync(base)).toEqual([]);
  });

  it('[Q31] what a process left mounted that died while it tried is taken away', async () => {
    const base = newBase();
    dieTrying(base, 'filesystem');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toContain(base);
    await chooseMeans(base, 'watch');
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(base);
    expect(readdirSync(base)).toEqual([]);
  });

  it('[Q32] means that do not work say why, and what they need; then the next one is taken', async () => {
    const base = newBase();
    chownSync(base, NOBODY, NOBODY);
    process.seteuid!(NOBODY);
    try {
      for (const name of ['filesystem', 'project'] as const) {
        const error = await failureOf(chooseMeans(base, name));
        expect(error.code).toBe('unavailable');
        expect(error.message).toContain(`${name}: only root may`);
        expect(error.hint).toMatch(/apt-get install .* Or take the means `auto`/);
      }
      expect((await chooseMeans(base, 'auto')).name).toBe('watch');
    } finally {
      process.seteuid!(0);
    }
  });
});
