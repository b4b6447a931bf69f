/** The loader of the build, with scripts of its own. */

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
    `require(${JSON.stringify(loader)}).load(__dirname + '/first.cjs', false);`,
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
  return join(cache, tag ?? 'nothing', base, `${name}.cjs.code`);
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

  it('[O1] takes what was kept, and writes nothing again', () => {
    run();
    const { ino } = statSync(codeOf('first'));
    for (let time = 0; time < 10; time++) expect(run()).toBe('one first.cjs');
    expect(statSync(codeOf('first')).ino).toBe(ino);
    expect(readdirSync(cache).filter((name) => name.startsWith('strata-'))).toHaveLength(1);
  });

  it.each([0, 20, 40, 50, 400])('[O3] makes code anew of which there are %d bytes', (length) => {
    run();
    const whole = readFileSync(codeOf('first'));
    expect(whole.length).toBeGreaterThan(400);
    writeFileSync(codeOf('first'), whole.subarray(0, length));
    expect(run()).toBe('one first.cjs');
    expect(Math.abs(statSync(codeOf('first')).size - whole.length)).toBeLessThan(100);
    expect(run()).toBe('one first.cjs');
  });

  it('[O3] leaves whole files where several processes write at once', async () => {
    for (const part of ['a', 'b', 'c'])
      script(`part/${part}`, `exports.${part} = function () { return '${part}'; };`);
    script(
      'first',
      "for (const part of ['a', 'b', 'c']) require('./part/' + part + '.cjs')[part](); console.log('done');",
    );
    const start = () =>
      new Promise<string>((done) =>
        execFile(
          process.execPath,
          [join(base, 'start.cjs')],
          { env: { NODE_COMPILE_CACHE: cache } },
          (error, stdout) => done(error === null ? stdout.trim() : String(error)),
        ),
      );
    for (let round = 0; round < 3; round++) {
      rmSync(cache, { recursive: true, force: true });
      expect(await Promise.all(Array.from({ length: 6 }, start))).toEqual(Array(6).fill('done'));
      expect(readdirSync(dirname(codeOf('part/a'))).sort()).toEqual([
        'a.cjs.code',
        'b.cjs.code',
        'c.cjs.code',
      ]);
      expect(await start()).toBe('done');
    }
  });

  it('[O3] runs a script again that threw when it was loaded', () => {
    script(
      'first',
      "let times = 0; globalThis.tries = 0; for (;;) try { console.log(require('./part/second.cjs').answer()); break; } catch { if (++times > 2) throw new Error('never'); }",
    );
    script(
      'part/second',
      "exports.answer = () => 'half'; if (globalThis.tries++ === 0) throw new Error('at first'); exports.answer = () => 'whole';",
    );
    expect(run()).toBe('whole');
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
