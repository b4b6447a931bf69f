/** The suite that all means pass. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import type { LimitedDirectory, QuotaMeans } from './quota.ts';
import { write } from './writing.fixture.ts';
import type { RunAs } from './writing.fixture.ts';

export interface Subject {
  readonly means: QuotaMeans;
  /** Where places are made; it is there while the tests run. */
  readonly base: () => string;
  /** Before the words of writers. */
  readonly runAs?: RunAs;
  /**
   * Seconds between the parts that writers write. The kernel stops writers whatever their speed; who watches them is late by as much as a busy machine
   * keeps it waiting.
   */
  readonly pause: number;
}

interface Scene {
  readonly place: string;
  readonly means: QuotaMeans;
  open(limit: number): Promise<LimitedDirectory>;
  write(held: LimitedDirectory, script: string): ReturnType<typeof write>;
  /** A script that fills a file until it is refused. */
  fill(name: string): string;
}

type Test = (scene: Scene) => Promise<void>;

const MIB = 2 ** 20;
const LIMIT = 32 * MIB;
/** As the contract has it, of small limits. */
const MOST_OVER = 16 * MIB;
const LEAST = 0.99 * LIMIT;
/** Directories, and what a file system has of its own. */
const NEXT_TO_NOTHING = 64 * 1024;

const OPENER = join(import.meta.dirname, 'opener.fixture.ts');
/** A multiple of four. */
const KILLS = 4;

let places = 0;

const CASES = {
  '[Q1] a new place is empty, and its files are there whenever it is opened': async ({
    open,
    means,
    place,
  }) => {
    const held = await open(LIMIT);
    expect(readdirSync(held.directory)).toEqual([]);
    expect([held.means, held.limit]).toEqual([means.name, LIMIT]);
    expect(await held.used()).toBeLessThan(NEXT_TO_NOTHING);
    expect(await held.isFull()).toBe(false);
    writeFileSync(join(held.directory, 'file'), 'text');
    const again = await open(LIMIT);
    expect(again.directory).toBe(held.directory);
    await means.close(place);
    await means.close(place);
    const { directory } = await open(LIMIT);
    expect(directory).toBe(held.directory);
    expect(readdirSync(directory)).toEqual(['file']);
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('text');
  },

  '[Q2] one writer comes to the limit, and not beyond': async ({ open, write: run, fill }) => {
    const held = await open(LIMIT);
    writeFileSync(join(held.directory, 'before'), 'text');
    const { stopped, stderr } = await run(held, fill('big'));
    if (!stopped) expect(stderr).toMatch(/No space left on device|Disk quota exceeded/);
    await expectFull(held);
    expect(readFileSync(join(held.directory, 'before'), 'utf8')).toBe('text');
  },

  '[Q2] nor do several': async ({ open, write: run, fill }) => {
    const held = await open(LIMIT);
    await run(held, `${fill('a')} & ${fill('b')} & wait`);
    await expectFull(held);
  },

  '[Q2] nor do small files': async ({ open, write: run }) => {
    const limit = 4 * MIB;
    const held = await open(limit);
    await run(held, 'i=0; while echo x >f$i; do i=$((i+1)); done');
    expect(await held.isFull()).toBe(true);
    expect(countedIn(held)).toBeLessThanOrEqual(limit + MOST_OVER);
  },

  '[Q3] deleting is possible when it is full, and makes room': async ({ open, write: run, fill }) => {
    const held = await open(LIMIT);
    await run(held, fill('big'));
    rmSync(join(held.directory, 'big'));
    await expectSoon(async () => (await held.used()) < NEXT_TO_NOTHING);
    expect(await held.isFull()).toBe(false);
    const { stopped, code } = await run(held, 'dd if=/dev/zero of=next bs=1M count=16 && sync next');
    expect([stopped, code]).toEqual([false, 0]);
    await run(held, fill('big'));
    await expectFull(held);
  },

  '[Q4] what is used are blocks on the disk: holes are not, hard links are once': async ({
    open,
    write: run,
  }) => {
    const held = await open(LIMIT);
    const script =
      'truncate -s 1T hole && head -c 4M /dev/zero >file && ln file link && ln -s / out && sync file';
    expect(await run(held, script)).toMatchObject({ stopped: false, code: 0 });
    const used = await held.used();
    expect(used).toBeGreaterThanOrEqual(4 * MIB);
    expect(used).toBeLessThan(4 * MIB + NEXT_TO_NOTHING);
    expect(await held.isFull()).toBe(false);
  },

  '[Q5] it may be opened with another limit, also one below what is there': async ({
    open,
    means,
    place,
    write: run,
    fill,
  }) => {
    await run(await open(LIMIT), fill('big'));
    const larger = await open(4 * LIMIT);
    expect(await larger.isFull()).toBe(false);
    const script = `head -c ${LIMIT} /dev/zero >more && sync more`;
    expect(await run(larger, script)).toMatchObject({ stopped: false, code: 0 });
    await means.close(place);
    const smaller = await open(LIMIT);
    expect([smaller.limit, await smaller.isFull()]).toEqual([LIMIT, true]);
    const { code, stopped } = await run(smaller, fill('third'));
    expect(stopped || code !== 0).toBe(true);
    expect(countedIn(smaller)).toBeLessThanOrEqual(2 * LIMIT + MOST_OVER);
    // Whoever comes next may delete, even if more is there than may be.
    const last = await open(LIMIT);
    expect(await run(last, 'rm -f big more third')).toMatchObject({ stopped: false, code: 0 });
    await expectSoon(async () => !(await last.isFull()));
  },

  '[Q6] removed it is gone, and can be made again': async ({ open, means, place }) => {
    await means.close(place);
    await means.remove(place);
    expect(existsSync(place)).toBe(false);
    const held = await open(LIMIT);
    mkdirSync(join(held.directory, 'locked'), { mode: 0o000 });
    symlinkSync('/', join(held.directory, 'out'));
    await means.remove(place);
    await means.remove(place);
    await means.close(place);
    expect(existsSync(place)).toBe(false);
    expect(readdirSync((await open(LIMIT)).directory)).toEqual([]);
  },

  '[Q7] whoever opens it may be killed at any moment': async ({ open, means, place }) => {
    const began = performance.now();
    await killedOpener(means, place, Infinity);
    const whole = performance.now() - began;
    const { directory } = await open(LIMIT);
    writeFileSync(join(directory, 'file'), 'text');
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % 2 === 0) await means.close(place);
      // Each other time the place is new.
      if (kill % 4 === 2) await means.remove(place);
      await killedOpener(means, place, (whole * kill) / KILLS);
      const held = await open(LIMIT);
      expect(held.directory).toBe(directory);
      expect(readdirSync(directory)).toEqual(kill % 4 >= 2 ? [] : ['file']);
      if (kill % 4 === 3) writeFileSync(join(directory, 'file'), 'text');
    }
  },

  '[Q8] several may open it at once': async ({ open, means, place }) => {
    const child = killedOpener(means, place, Infinity);
    const all = await Promise.all([open(LIMIT), open(LIMIT), open(LIMIT)]);
    await child;
    writeFileSync(join(all[0].directory, 'file'), 'text');
    for (const { directory } of all) expect(readdirSync(directory)).toEqual(['file']);
    await means.close(place);
    await Promise.all([open(LIMIT), open(LIMIT)]);
    await Promise.all([means.close(place), means.close(place)]);
    await Promise.all([means.remove(place), means.remove(place)]);
    expect(existsSync(place)).toBe(false);
  },

  '[Q9] the biggest files come first, hard links once, directories and links never': async ({ open }) => {
    const held = await open(LIMIT);
    const script = `mkdir -p a/b && head -c 3M /dev/zero >a/b/three && head -c 5M /dev/zero >five && ln five a/six &&
      printf '\\001' >"$(printf 'a/odd\\nname')" && ln -s five link && sync five a/b/three`;
    execFileSync('sh', ['-c', script], { cwd: held.directory });
    const found = await held.biggest(2);
    expect(found.map(({ path, bytes }) => [path, Math.round(bytes / MIB)])).toEqual([
      ['a/six', 5],
      ['a/b/three', 3],
    ]);
    expect((await held.biggest(10)).map(({ path }) => path)).toEqual([
      'a/six',
      'a/b/three',
      String.raw`a/odd\x0aname`,
    ]);
    expect(await held.biggest(0)).toEqual([]);
  },

  '[Q10] an aborted signal ends the waiting': async ({ open }) => {
    const held = await open(LIMIT);
    const ending = new AbortController();
    const exceeded = held.exceeded(ending.signal);
    await setTimeout(50);
    ending.abort();
    await expectCode('cancelled', exceeded);
    await expectCode('cancelled', held.exceeded(ending.signal));
  },

  '[Q11] a limit is a number of bytes, and a place is no link': async ({ open, place, means }) => {
    for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 60]) await expectCode('bad_input', open(limit));
    expect(existsSync(place)).toBe(false);
    symlinkSync('/nowhere', place);
    await expectCode('bad_input', open(LIMIT));
    await expectCode('bad_input', means.remove(place));
    rmSync(place);
    mkdirSync(place);
    symlinkSync('/nowhere', join(place, 'limited'));
    await expectCode('bad_input', open(LIMIT));
    expect(existsSync('/nowhere')).toBe(false);
    rmSync(place, { recursive: true });
  },
} satisfies Record<string, Test>;

export function quotaContract({ means, base, runAs = [], pause }: Subject): void {
  for (const [name, test] of Object.entries<Test>(CASES)) {
    it(
      name,
      async () => {
        const place = join(base(), `place ${++places}`);
        onTestFinished(() => means.remove(place));
        await test({
          place,
          means,
          open: (limit) => means.open(place, limit),
          write: (held, script) => write(held, script, { runAs }),
          fill: (file) =>
            pause === 0
              ? `dd if=/dev/zero bs=64k of=${file}`
              : `while dd if=/dev/zero bs=1M count=1 of=${file} oflag=append conv=notrunc; do sleep ${pause}; done`,
        });
      },
      120_000,
    );
  }
}

/** @param after milliseconds; if it has opened the place by then it is killed at once */
async function killedOpener(means: QuotaMeans, place: string, after: number): Promise<void> {
  const child = spawn(process.execPath, [OPENER, means.name, place, String(LIMIT)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const opened = once(child.stdout, 'data');
  await Promise.race([opened, ended, ...(after === Infinity ? [] : [setTimeout(after)])]);
  child.kill('SIGKILL');
  await ended;
}

async function expectFull(held: LimitedDirectory): Promise<void> {
  const counted = countedIn(held);
  expect(counted).toBeGreaterThanOrEqual(LEAST - NEXT_TO_NOTHING);
  expect(counted).toBeLessThanOrEqual(held.limit + MOST_OVER);
  expect(await held.used()).toBeGreaterThanOrEqual(LEAST);
  expect(await held.isFull()).toBe(true);
}

function countedIn({ directory }: LimitedDirectory): number {
  return Number(execFileSync('du', ['-s', '-B1', directory], { encoding: 'latin1' }).split('\t')[0]);
}

/** File systems give back in the background what was deleted. */
export async function expectSoon(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds()) && performance.now() < end) await setTimeout(20);
  expect(await holds()).toBe(true);
}
