import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, globSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { AS_NOBODY, onSmallDisk, runScript } from '../testing/script.ts';
import { bytesIn, counting, known } from './cached.fixture.ts';
import { text } from './store.contract.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-cached-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, `cache-${count++}`);

const MEBIBYTE = 1024 * 1024;
const FIXTURE = join(import.meta.dirname, 'cached.fixture.ts');
const start = (...words: readonly (string | number)[]) =>
  spawn(process.execPath, [FIXTURE, ...words.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
const drafts = (directory: string) => readdirSync(join(directory, readdirSync(directory)[0]!, 'drafts'));

describe('a cache of several processes', () => {
  it('[S49] [S46] gives each of them what is right, and stays below its bound', async () => {
    const directory = fresh();
    const most = 2 * MEBIBYTE;
    const children = [1, 2, 3].map((seed) => start(directory, most, seed, 400));
    let largest = 0;
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        largest = Math.max(largest, bytesIn(directory));
        await sleep(5);
      }
    })();
    const said = await Promise.all(
      children.map(async (child) => text(Buffer.concat(await child.stdout.toArray()))),
    );
    over.abort();
    await watching;
    for (const each of said) {
      const { wrong, hits, lines } = JSON.parse(each) as { wrong: number; hits: number; lines: string[] };
      expect([wrong, lines]).toEqual([0, []]);
      expect(hits).toBeGreaterThan(50);
    }
    // What each of the three is writing comes on top.
    expect(largest).toBeLessThan(most + 3 * 301_000);
    expect(largest).toBeGreaterThan(most / 2);
    expect(bytesIn(directory)).toBeLessThan(most);
    expect(drafts(directory)).toEqual([]);
  }, 60_000);

  it('[S47] one that is killed while it writes leaves nothing that is given out, and the next clears up', async () => {
    const directory = fresh();
    const child = start(directory, MEBIBYTE * 16);
    await once(child.stdout, 'data');
    const { cache, store, misses, hits } = counting(directory, MEBIBYTE * 16);
    await store.put('packs/0', [known(0)]);
    expect(Buffer.compare(await cache.get('packs/0'), known(0))).toBe(0);
    // It lives, so what it has begun is its own.
    expect(drafts(directory)).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(Buffer.compare(await cache.get('packs/0'), known(0))).toBe(0);
    const next = counting(directory, MEBIBYTE * 16, {}, store);
    await next.cache.get('packs/0', { range: { offset: 0, length: 9 } });
    expect([misses, hits, next.hits]).toEqual([[300_000], [300_000], [9]]);
    await next.cache.put('packs/1', [known(1)]);
    expect(drafts(directory)).toEqual([]);
  });

  it('[S47] killed at any time they leave nothing wrong, and the bound holds', async () => {
    const directory = fresh();
    const most = 2 * MEBIBYTE;
    for (let times = 0; times < 8; times++) {
      const children = [1, 2].map((seed) => start(directory, most, times * 2 + seed, 100_000));
      while (bytesIn(directory) === 0) await sleep(10);
      await sleep(150 + times * 20);
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map(async (child) => once(child, 'exit')));
    }
    const last = start(directory, most, 99, 300);
    const said = text(Buffer.concat(await last.stdout.toArray()));
    expect(JSON.parse(said)).toMatchObject({ wrong: 0, lines: [] });
    expect(bytesIn(directory)).toBeLessThan(most);
    expect(drafts(directory)).toEqual([]);
  }, 60_000);

  it('[S49] only the owner sees anything, whatever the umask', async () => {
    for (const umask of [0, 0o777]) {
      const directory = join(fresh(), 'deep');
      mkdirSync(join(directory, '..'));
      if (umask === 0o777) mkdirSync(directory, { mode: 0o700 });
      const before = process.umask(umask);
      try {
        const { cache, store } = counting(directory, MEBIBYTE * 16);
        await store.put('packs/0', [known(0)]);
        await cache.get('packs/0');
      } finally {
        process.umask(before);
      }
      const all = globSync(join(directory, '**/*')).map((path) => lstatSync(path));
      expect(all.length).toBeGreaterThan(4);
      for (const stats of all) expect(stats.mode & 0o777).toBe(stats.isDirectory() ? 0o700 : 0o600);
      expect(lstatSync(directory).mode & 0o777).toBe(0o700);
    }
  });
});

/** The start of a script about a cache in `mount`. `read` says what was kept: H for a hit, M for a miss, W for wrong bytes. */
const script = (mount: string) => `
  import { counting, known, KNOWN_BYTES } from ${JSON.stringify(FIXTURE)};
  import { execFileSync } from 'node:child_process';
  import { openSync, writeFileSync, rmSync } from 'node:fs';
  const mount = ${JSON.stringify(mount)};
  let time = 1e12;
  const { cache, store, hits, lines } = counting(mount + '/cache', 64 * 1024 * 1024, { now: () => time });
  for (let at = 0; at < 20; at++) await store.put('packs/' + at, [known(at)]);
  const read = async (...numbers) => {
    let said = '';
    for (const at of numbers) {
      const before = hits.length;
      const bytes = await cache.get('packs/' + at);
      said += Buffer.compare(bytes, known(at)) !== 0 ? 'W' : hits.length > before ? 'H' : 'M';
    }
    return said;
  };
  const say = (...words) => console.log(JSON.stringify(words));`;

describeWith(['mounts'], 'a cache on a small disk', () => {
  const inSmallDisk = (steps: string): string[] => {
    const mount = fresh();
    mkdirSync(mount);
    return runScript(script(mount) + steps, onSmallDisk(mount))
      .trim()
      .split('\n');
  };

  it('[S48] a full disk: what is kept is read, the rest comes from the store, and later it goes on', () => {
    const said = inSmallDisk(`
      say(await read(0, 1, 2, 3, 4, 3, 4, 0, 1));
      say(await cache.put('packs/30', (function* () { for (let at = 0; at < 9; at++) yield known(at); })()));
      say(lines.map((line) => line.replace(/\\/.*: /, '…: ')));
      execFileSync('find', [mount, '-type', 'f', '-size', '+1k', '-delete']);
      say(await read(0, 0));
      time += 60_000;
      say(await read(0, 0), lines.length);`);
    expect(said).toEqual([
      '["MMMMMMMHH"]',
      '["created"]',
      '[["the cache keeps nothing for 1m: cannot write to …: no space left on device"]]',
      '["MM"]',
      '["MH",1]',
    ]);
  });

  it('[S48] a disk that is full while a body passes is not in its way', () => {
    const said = inSmallDisk(`
      const whole = Buffer.concat([0, 1, 2, 3, 4, 5].map(known));
      function* body() { for (let at = 0; at < 6; at++) yield known(at); }
      say(await cache.put('packs/30', body()), Buffer.compare(await cache.get('packs/30'), whole), lines.length);
      time += 60_000;
      say(await read(0, 0));`);
    expect(said).toEqual(['["created",0,1]', '["MH"]']);
  });

  it('[S48] a disk that is read-only is read', () => {
    const said = inSmallDisk(`
      await read(0);
      execFileSync('mount', ['-o', 'remount,ro', mount]);
      time += 3_600_000;
      say(await read(0, 1, 1, 0), await cache.put('packs/30', [known(0)]));
      await cache.delete('packs/0');
      say(lines.length, lines[0].endsWith('read-only file system'));`);
    expect(said).toEqual(['["HMMH","created"]', '[1,true]']);
  });
});

describeWith(['user'], 'a cache out of reach', () => {
  const asNobody = (mount: string, steps: string) =>
    runScript(script(mount) + steps, AS_NOBODY)
      .trim()
      .split('\n');

  it('[S48] one of somebody else, or in a place where nothing can be made', async () => {
    const mount = fresh();
    mkdirSync(mount);
    for (const path of [base, mount]) chmodSync(path, 0o755);
    const steps = `
      say(await read(0, 0, 1), await cache.put('packs/30', [known(0)]), lines.length);
      await cache.delete('packs/0');`;
    expect(asNobody(mount, steps)).toEqual(['["MMM","created",1]']);
    const { cache, store } = counting(join(mount, 'cache'), 16 * MEBIBYTE);
    await store.put('packs/0', [known(0)]);
    await cache.get('packs/0');
    // Now it is there, and its files belong to another user.
    for (const path of globSync(join(mount, '**'))) chmodSync(path, 0o777);
    expect(asNobody(mount, steps)).toEqual(['["MMM","created",2]']);
    expect(asNobody(mount, 'await read(0); say(lines[0].includes("belongs to somebody else"));')).toEqual([
      '[true]',
    ]);
  });

  it('[S48] when no more files can be opened', () => {
    const mount = fresh();
    mkdirSync(mount);
    const steps = `
      say(await read(0, 0));
      try { for (;;) openSync('/'); } catch (error) { say(error.code); }
      say(await read(0, 1), lines.length);`;
    const launcher = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'];
    expect(
      runScript(script(mount) + steps, launcher)
        .trim()
        .split('\n'),
    ).toEqual(['["MH"]', '["EMFILE"]', '["MM",2]']);
  });
});
