import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { CodeCache } from './code-cache.ts';

const everything = mkdtempSync(join(tmpdir(), 'strata-code-'));
let place: string;
let file: string;

const BODY = `
exports.little = function () { return 'little'; };
exports.more = function () { const parts = ['a', 'b']; return parts.map((part) => part + part).join('-'); };`;

beforeEach(() => {
  place = mkdtempSync(join(everything, 'case-'));
  file = join(place, 'script.cjs');
  writeFileSync(file, BODY);
});
afterAll(() => rmSync(everything, { recursive: true }));

type Exports = Readonly<Record<string, () => string>>;

/** What a process does: it takes the script, calls some of it, and ends. */
function run(calls: readonly string[], chance = 1): { readonly wasKept: boolean; readonly said: string[] } {
  const cache = new CodeCache(join(place, 'cache'), () => chance);
  const script = cache.compile(file);
  const wasKept = script.cachedDataRejected === false;
  const exports = {} as Exports;
  (script.runInThisContext() as (exports: Exports) => void)(exports);
  const said = calls.map((name) => exports[name]!());
  cache.keep(true);
  return { wasKept, said };
}

const tagged = () => join(place, 'cache', readdirSync(join(place, 'cache'))[0]!);
const kept = () => join(tagged(), `${file}.code`);
const size = () => statSync(kept()).size;

describe('compiled code', () => {
  it('[O1] is there for the next process, with what was called', () => {
    expect(run(['little']).wasKept).toBe(false);
    const little = size();
    expect(run(['little'])).toEqual({ wasKept: true, said: ['little'] });
    rmSync(tagged(), { recursive: true });
    run(['little', 'more']);
    expect(size()).toBeGreaterThan(little + 100);
  });

  it('[O1] grows by what later processes call, when they look, and never shrinks', () => {
    run(['little']);
    const little = size();
    // Most do not look.
    run(['little', 'more'], 1 / 16);
    expect(size()).toBe(little);
    run(['little', 'more'], 0);
    const more = size();
    expect(more).toBeGreaterThan(little);
    const { ino } = statSync(kept());
    run([], 0);
    expect(statSync(kept())).toMatchObject({ ino, size: more });
  });

  it('[O2] is not taken for a file that has changed, though it be as long and as old', () => {
    run(['little']);
    const { atime, mtime } = statSync(file);
    writeFileSync(file, BODY.replace("'little'", "'LITTLE'"));
    utimesSync(file, atime, mtime);
    expect(run(['little'])).toEqual({ wasKept: false, said: ['LITTLE'] });
    expect(run(['little'])).toEqual({ wasKept: true, said: ['LITTLE'] });
  });

  it('[O3] is written beside what a killed process has left, which goes when it is old', () => {
    run(['little']);
    const left = (name: string) => `${kept()}.${name}.new`;
    for (const name of ['old', 'young']) writeFileSync(left(name), 'half');
    utimesSync(left('old'), new Date(0), new Date(0));
    run(['more'], 0);
    expect(readdirSync(dirname(kept())).sort()).toEqual(['script.cjs.code', 'script.cjs.code.young.new']);
    expect(run(['more']).wasKept).toBe(true);
  });

  it('[O4] is not looked at where others may have written it', () => {
    run(['little']);
    const tag = tagged();
    chmodSync(tag, 0o722);
    expect(run(['little']).wasKept).toBe(false);
    chmodSync(tag, 0o700);
    expect(run(['little']).wasKept).toBe(true);
    chmodSync(kept(), 0o622);
    expect(run(['little']).wasKept).toBe(false);
    expect(run(['little']).wasKept).toBe(true);
    renameSync(kept(), `${kept()}.away`);
    symlinkSync(`${kept()}.away`, kept());
    expect(run(['little']).wasKept).toBe(false);
    if (process.getuid!() === 0) {
      chownSync(tag, 12_345, 12_345);
      expect(run(['little']).wasKept).toBe(false);
      chownSync(tag, 0, 0);
    }
    const moved = join(place, 'moved');
    mkdirSync(moved);
    rmSync(tag, { recursive: true });
    symlinkSync(moved, tag);
    run(['little']);
    expect(readdirSync(moved)).toEqual([]);
  });

  it('[O4] is kept nowhere if there is no place for it', () => {
    writeFileSync(join(place, 'cache'), '');
    expect(run(['little']).said).toEqual(['little']);
    expect(readdirSync(place).sort()).toEqual(['cache', 'script.cjs']);
    for (const base of [undefined, '']) {
      const cache = new CodeCache(base, () => 0);
      cache.compile(file);
      cache.keep(true);
    }
    expect(() => new CodeCache(undefined).compile(join(place, 'none'))).toThrow('ENOENT');
  });

  it('[O6] is kept for the flags that it was made with, and a thread changes none', () => {
    const cache = new CodeCache(join(place, 'cache'), () => 0);
    cache.compile(file);
    try {
      setFlagsFromString('--heap-growing-percent=40');
      cache.keep(false);
      expect(() => tagged()).toThrow('ENOENT');
      // They are in its name.
      run(['little']);
      const other = tagged();
      cache.keep(true);
      expect(readdirSync(join(place, 'cache'))).toHaveLength(2);
      expect(run(['little']).wasKept).toBe(true);
      rmSync(other, { recursive: true });
      expect(run(['little']).wasKept).toBe(true);
    } finally {
      setFlagsFromString('--heap-growing-percent=0');
    }
  });

  it('[O5] tells the column of an error in the first line', () => {
    writeFileSync(file, "exports.little = function () { throw new Error('here'); };");
    let stack = '';
    try {
      run(['little']);
    } catch (error) {
      stack = (error as Error).stack!;
    }
    expect(stack).toContain(`${file}:1:38`);
  });
});
