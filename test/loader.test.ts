/** The loader of the build, with scripts of its own. */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const everything = mkdtempSync(join(tmpdir(), 'strata-loader-'));
const loader = join(everything, 'build/loader/index.cjs');
let base: string;
let cache: string;

beforeAll(() => {
  execFileSync('rolldown', ['-c', 'rolldown.config.ts', '-d', join(everything, 'build')], { stdio: 'pipe' });
});
beforeEach(() => {
  base = mkdtempSync(join(everything, 'case-'));
  cache = join(base, 'cache');
  mkdirSync(join(base, 'part'));
  writeFileSync(
    join(base, 'start.cjs'),
    `require(${JSON.stringify(loader)}).load(__dirname + '/first.cjs');`,
  );
  script(
    'first',
    "const { answer } = require('./part/second.cjs'); console.log(answer(), require('node:path').basename(__filename));",
  );
  script('part/second', "'use strict'; exports.answer = function () { return 'one'; };");
});
afterAll(() => rmSync(everything, { recursive: true }));

function script(name: string, text: string): void {
  writeFileSync(join(base, `${name}.cjs`), text);
}

function run(
  environment: Record<string, string> = { NODE_COMPILE_CACHE: cache },
  ...flags: string[]
): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, join(base, 'start.cjs')], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trim();
}

/** Where the code of a script is kept. */
function codeOf(name: string): string {
  const tag = readdirSync(cache).find((entry) => entry.startsWith('strata-'));
  return join(cache, tag ?? 'nothing', base, `${name}.cjs`);
}

const sizeOf = (name: string) => statSync(codeOf(name)).size;

describe('the loader', () => {
  it('[O1] gives the next process the functions that this one has called', () => {
    script(
      'part/second',
      "exports.answer = function () { return process.argv[1].length > 0 ? 'one' : String(Math.random()); };",
    );
    expect(run()).toBe('one first.cjs');
    const called = sizeOf('part/second');
    rmSync(cache, { recursive: true });
    script('first', "require('./part/second.cjs'); console.log('not called');");
    expect(run()).toBe('not called');
    expect(sizeOf('part/second')).toBeLessThan(called - 50);
  });

  it('[O1] takes what was kept, and keeps nothing smaller', () => {
    run();
    const before = statSync(codeOf('first'));
    for (let time = 0; time < 40; time++) expect(run()).toBe('one first.cjs');
    expect(statSync(codeOf('first')).ino).toBe(before.ino);
  });

  it('[O1] learns what later processes call besides', () => {
    script(
      'first',
      "const { more } = require('./part/second.cjs'); console.log(process.env.MORE ? more() : 'little');",
    );
    script(
      'part/second',
      "exports.more = function () { const parts = ['a', 'b']; return parts.map((part) => part + part).join('-'); };",
    );
    run();
    const before = sizeOf('part/second');
    for (let time = 0; time < 300 && sizeOf('part/second') === before; time++)
      expect(run({ NODE_COMPILE_CACHE: cache, MORE: '1' })).toBe('aa-bb');
    expect(sizeOf('part/second')).toBeGreaterThan(before + 50);
  });

  it('[O2] never takes the code of a script that has changed, though it be as long and as old', () => {
    expect(run()).toBe('one first.cjs');
    const { atime, mtime } = statSync(join(base, 'part/second.cjs'));
    script('part/second', "'use strict'; exports.answer = function () { return 'two'; };");
    utimesSync(join(base, 'part/second.cjs'), atime, mtime);
    expect(run()).toBe('two first.cjs');
    expect(run()).toBe('two first.cjs');
  });

  it('[O3] does without where code is damaged, empty or of other flags, and mends it', () => {
    run();
    const size = sizeOf('first');
    const whole = readFileSync(codeOf('first'));
    // The facts are right, the code is not.
    for (const rest of [Buffer.alloc(0), Buffer.alloc(size - 32), Buffer.from('x'.repeat(100))]) {
      writeFileSync(codeOf('first'), Buffer.concat([whole.subarray(0, 32), rest]));
      expect(run()).toBe('one first.cjs');
      expect(Math.abs(sizeOf('first') - size)).toBeLessThan(100);
    }
    expect(run({ NODE_COMPILE_CACHE: cache }, '--no-opt')).toBe('one first.cjs');
  });

  it('[O3] goes on after a process that was killed when it wrote', () => {
    run();
    rmSync(codeOf('first'));
    writeFileSync(`${codeOf('first')}.new`, 'half');
    expect([run(), run()]).toEqual(['one first.cjs', 'one first.cjs']);
    expect(sizeOf('first')).toBeGreaterThan(100);
    expect(readdirSync(join(codeOf('first'), '..')).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('[O4] keeps nothing where there is no place, or none that can be written', () => {
    expect(run({})).toBe('one first.cjs');
    expect(run({ NODE_COMPILE_CACHE: '' })).toBe('one first.cjs');
    const file = join(base, 'file');
    writeFileSync(file, '');
    expect(run({ NODE_COMPILE_CACHE: file })).toBe('one first.cjs');
    expect(readdirSync(base).sort()).toEqual(['file', 'first.cjs', 'part', 'start.cjs']);
  });

  it('[O5] tells errors with the file and the line where they are', () => {
    script('part/second', "\nexports.answer = function () {\n  throw new Error('here');\n};");
    const { stderr } = spawnSync(process.execPath, [join(base, 'start.cjs')], { encoding: 'utf8' });
    expect(stderr).toContain(`${join(base, 'part/second.cjs')}:3`);
  });
});
