/** The suite that every executor passes, in every way it has. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import type { Way } from './dying-engine.fixture.ts';
import { ENDING_CASES } from './ending.contract.ts';
import type { ContainerSpec, Executor } from './executor.ts';
import { INPUT_CASES } from './input.contract.ts';
import { openShell, shellIn } from './place.fixture.ts';
import type { Shell } from './place.fixture.ts';
import { SHOWN_CASES } from './shown.contract.ts';

export interface Subject {
  /** By which `dying-engine.fixture.ts` opens the same. */
  readonly way: Way;
  readonly open: () => Promise<Executor>;
  readonly containers?: () => readonly ContainerSpec[];
  /** One place for many cases, where a place takes seconds. */
  readonly share?: boolean;
  /** What commands find in their environment, besides what they are given and HOME. */
  readonly environment: Readonly<Record<string, string>>;
}

export type Test = (shell: Shell, executor: Executor, subject: Subject) => Promise<void>;

/** Small for each commit; it is far more than what may be kept. */
const LARGE_OUTPUT = 192 * 1024 * 1024;
/** Of all memory, while a large output passes: a few hundred KB are kept, the rest is what Node has not yet given back. */
const MOST_GROWTH = 112 * 1024 * 1024;

const CASES = {
  '[X1] exit codes and signals': async ({ sh }) => {
    for (const code of [0, 1, 3, 125, 255])
      expect(await sh(`exit ${code}`)).toMatchObject({ exitCode: code, signal: undefined });
    expect(await sh('kill -9 $$')).toMatchObject({ exitCode: 137, signal: 'SIGKILL' });
    expect(await sh('kill -15 $$')).toMatchObject({ exitCode: 143, signal: 'SIGTERM' });
  },

  '[X1] a program that is not there, or cannot be run': async ({ sh, place }) => {
    expect((await sh('', { words: ['no-such-program'] })).exitCode).toBe(127);
    writeFileSync(join(place.directory, 'text'), 'text', { mode: 0o644 });
    const result = await sh('', { words: [join(place.home, 'text')] });
    expect(result.exitCode).toBe(126);
    expect(result.stderr).toContain('ermission denied');
  },

  '[X2] the environment is what was given, and nothing else': async ({ sh, place }, _, { environment }) => {
    process.env['STRATA_TEST_LEAK'] = 'leaked';
    const given = { A: 'x  y ', EMPTY: '', LINES: 'one\ntwo', QUOTED: '"$A"', __proto__x: '1', HOME: '/x' };
    const { stdout } = await sh('env -0 2>/dev/null || cat /proc/self/environ', { environment: given });
    const found = new Map(
      stdout
        .split('\0')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    // What a shell itself adds.
    for (const name of ['PWD', 'SHLVL', '_', 'OLDPWD']) found.delete(name);
    expect(Object.fromEntries(found)).toEqual({ ...environment, ...given, HOME: place.home });
  },

  '[X2] what cannot be in an environment is refused': async ({ sh }) => {
    for (const environment of [{ 'A=B': '' }, { '': 'x' }, { A: 'a\0b' }])
      await expectCode('bad_input', sh('true', { environment }));
    await expectCode('bad_input', sh('', { words: ['sh', 'a\0b'] }));
    await expectCode('bad_input', sh('', { words: ['echo', 'x'.repeat(200_000)] }));
    expect((await sh('echo on')).stdout).toBe('on\n');
  },

  '[X3] HOME is the directory, and commands start where they are told': async ({ sh, place }) => {
    mkdirSync(join(place.directory, 'project', 'deep'), { recursive: true });
    writeFileSync(join(place.directory, 'project', 'file'), 'text');
    expect((await sh('cd; pwd; cat project/file')).stdout).toBe(`${place.home}\ntext`);
    expect((await sh('pwd', { workingDir: 'project/deep' })).stdout).toBe(`${place.home}/project/deep\n`);
    expect((await sh('pwd', { workingDir: join(place.home, 'project') })).stdout).toBe(
      `${place.home}/project\n`,
    );
    expect((await sh('pwd', { workingDir: '/' })).stdout).toBe('/\n');
    await expectCode('not_found', sh('pwd', { workingDir: 'nowhere' }));
  },

  '[X3] what a command leaves in the directory is there for the next, and for us': async ({ sh, place }) => {
    await sh('mkdir -p a/b && echo one >a/b/c && chmod 755 a/b/c');
    expect(readFileSync(join(place.directory, 'a/b/c'), 'utf8')).toBe('one\n');
    writeFileSync(join(place.directory, 'a/b/c'), 'two');
    expect((await sh('cat ~/a/b/c')).stdout).toBe('two');
  },

  '[X4] input is given to stdin, which then ends': async ({ sh }) => {
    const input = `${'line\n'.repeat(100_000)}end`;
    expect((await sh('cat', { input })).stdout).toBe(input);
    expect((await sh('cat /dev/stdin', { input: 'by name' })).stdout).toBe('by name');
    expect((await sh('cat')).stdout).toBe('');
    expect((await sh('', { words: ['sh', '-e'], input: 'echo a\nfalse\necho b\n' })).stdout).toBe('a\n');
  },

  '[X5] output comes exactly, each stream in its order, one call at a time': async ({ sh, place }) => {
    const script = 'i=0; while [ $i -lt 300 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done';
    const texts = { stdout: '', stderr: '' };
    let within = 0;
    await place.run(
      { words: ['sh', '-c', script], environment: {}, workingDir: '' },
      {
        onOutput: async (bytes, stream) => {
          expect(++within).toBe(1);
          texts[stream] += Buffer.from(bytes).toString();
          await setTimeout(1);
          within--;
        },
      },
    );
    const lines = (name: string) => Array.from({ length: 300 }, (_, at) => `${name} ${at}\n`).join('');
    expect(texts).toEqual({ stdout: lines('out'), stderr: lines('err') });
    const odd = String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at));
    writeFileSync(join(place.directory, 'odd'), odd, 'latin1');
    expect((await sh('cat odd')).stdout).toBe(odd);
  },

  '[X5] stdout and stderr can be opened by name': async ({ sh }) => {
    expect(await sh('echo a >/dev/stdout; echo b >/dev/stderr')).toMatchObject({
      stdout: 'a\n',
      stderr: 'b\n',
    });
  },

  '[X6] a large output passes through little memory': async ({ place }) => {
    let bytes = 0;
    let most = 0;
    const before = process.memoryUsage.rss();
    const ended = await place.run(
      { words: ['head', '-c', String(LARGE_OUTPUT), '/dev/zero'], environment: {}, workingDir: '' },
      {
        onOutput: (part) => {
          bytes += part.length;
          most = Math.max(most, process.memoryUsage.rss());
        },
      },
    );
    expect([ended.exitCode, bytes]).toEqual([0, LARGE_OUTPUT]);
    expect(most - before).toBeLessThan(MOST_GROWTH);
  },

  '[X6] nothing is read while the taker is busy': async ({ place }) => {
    const gate = Promise.withResolvers<void>();
    let bytes = 0;
    const running = place.run(
      {
        words: ['sh', '-c', 'head -c 8000000 /dev/zero; echo done >finished'],
        environment: {},
        workingDir: '',
      },
      {
        onOutput: async (part) => {
          bytes += part.length;
          await gate.promise;
        },
      },
    );
    await setTimeout(1000);
    expect(existsSync(join(place.directory, 'finished'))).toBe(false);
    expect(bytes).toBeLessThan(200_000);
    gate.resolve();
    expect((await running).exitCode).toBe(0);
    expect(bytes).toBe(8_000_000);
  },
} satisfies Record<string, Test>;

export function executorContract(subject: Subject): void {
  let executor: Executor;
  let shared: Shell | undefined;
  beforeAll(async () => {
    executor = await subject.open();
  });
  afterAll(async () => {
    await shared?.place[Symbol.asyncDispose]();
  });

  const shell = async (): Promise<Shell> => {
    if (subject.share !== true) return shellIn(executor, subject.containers?.());
    // A test may have taken it away.
    if (shared !== undefined && existsSync(shared.place.directory)) return shared;
    return (shared = await openShell(executor, subject.containers?.()));
  };

  const all = { ...CASES, ...INPUT_CASES, ...ENDING_CASES, ...SHOWN_CASES };
  for (const [name, test] of Object.entries<Test>(all)) {
    it(name, async () => test(await shell(), executor, subject), 60_000);
  }
}
