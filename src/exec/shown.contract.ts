/** Of the suite that every executor passes: directories that places show besides their own. */

import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

import type { StrataError } from '../base/index.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { sweepAfterDeath } from './ending.contract.ts';
import type { Subject, Test } from './executor.contract.ts';
import type { Executor, ShownDirectory } from './executor.ts';
import { newDirectory, newSource, newToken, shellIn, withToken } from './place.fixture.ts';
import { until } from './processes.ts';

const AT = '/workspace';

const CASES = {
  '[X14] a shown directory can be read and written, and stays': async (_, executor, subject) => {
    const source = newSource(undefined, 'two  blanks "\'$ ');
    const other = newSource();
    writeFileSync(join(source, 'given'), 'text');
    const shown = [
      { source, at: AT },
      { source: other, at: '/opened here/deep' },
    ];
    const hadOne = existsSync(AT);
    const { place, sh } = await shellIn(executor, subject.containers?.(), shown);
    const at = place.shownAt(AT);
    const script = 'pwd; cat given; mkdir made; echo new >made/file; echo "$OTHER" >"$OTHER/file"; ls -A ~';
    const environment = { OTHER: place.shownAt('/opened here/deep') };
    expect((await sh(script, { workingDir: at, environment })).stdout).toBe(`${at}\ntext`);
    writeFileSync(join(source, 'made/file'), 'newer');
    expect((await sh('cat made/file; rm given', { workingDir: at })).stdout).toBe('newer');
    await expect(async () => place.shownAt('/elsewhere')).rejects.toThrow(/shows nothing at/);
    await place[Symbol.asyncDispose]();
    expect(readdirSync(source)).toEqual(['made']);
    expect(readdirSync(other)).toEqual(['file']);
    expect(existsSync(AT)).toBe(hadOne);
  },

  '[X14] several places show it at once, and the end of one is none of the others': async (
    _,
    executor,
    subject,
  ) => {
    const source = newSource();
    const shown = [{ source, at: AT }];
    const [staying, cancelled, ...ending] = await Promise.all(
      Array.from({ length: 4 }, () => shellIn(executor, subject.containers?.(), shown)),
    );
    if (staying === undefined || cancelled === undefined) throw new Error('there are four');
    const start = ({ place, sh }: typeof staying, signal?: AbortSignal) => {
      const token = newToken();
      const script = `: ${token}; (setsid sleep 200 &); echo >${token}; until [ -e stop ]; do sleep 0.1; done; ls`;
      const result = sh(script, { workingDir: place.shownAt(AT) }, { signal, grace: 100 });
      // What is expected of it is said below.
      result.catch(() => undefined);
      return { token, result };
    };
    const abort = new AbortController();
    const first = start(staying);
    const second = start(cancelled, abort.signal);
    const others = ending.map((each) => start(each));
    const all = [first, second, ...others];
    expect(await until(() => all.every(({ token }) => existsSync(join(source, token))), 30_000)).toBe(true);

    abort.abort();
    const [third, fourth] = ending;
    await Promise.all([
      third?.place[Symbol.asyncDispose](),
      // It is killed where it is, as if its engine had died.
      executor.sweepLeftovers(fourth?.place.directory ?? ''),
      expectCode('cancelled', second.result),
      Promise.allSettled(others.map(({ result }) => result)),
    ]);
    for (const { token } of [second, ...others]) expect(withToken(token)).toEqual([]);
    expect(withToken(first.token)).not.toEqual([]);
    writeFileSync(join(source, 'stop'), '');
    const { exitCode, stdout } = await first.result;
    expect(exitCode).toBe(0);
    expect(stdout.trim().split('\n').sort()).toEqual([...all.map(({ token }) => token), 'stop'].sort());
  },

  '[X14] [X12] a sweep after the death of an engine leaves others alone, and what was shown': async (
    shell,
    executor,
    subject,
  ) => {
    const source = newSource();
    const { place, sh } = await shellIn(executor, subject.containers?.(), [{ source, at: AT }]);
    const script = 'echo >started; until [ -e stop ]; do sleep 0.1; done; echo ended';
    const running = sh(script, { workingDir: place.shownAt(AT) });
    running.catch(() => undefined);
    expect(await until(() => existsSync(join(source, 'started')), 30_000)).toBe(true);
    await sweepAfterDeath(shell, executor, subject, 'inside', source);
    writeFileSync(join(source, 'stop'), '');
    expect(await running).toMatchObject({ exitCode: 0, stdout: 'ended\n' });
    expect(readdirSync(source).sort()).toEqual(['started', 'stop']);
  },

  '[X15] where nothing can be shown': async (_, executor, subject) => {
    const source = newSource();
    const refused = async (...ats: string[]) => {
      const shown = ats.map((at) => ({ source, at }));
      const error = await refusalOf(executor, subject, shown);
      expect(error, ats.join(' ')).toMatchObject({ code: 'bad_input' });
      expect(error.message).toContain(ats.at(-1));
    };
    for (const at of ['', 'workspace', './a', '/', '//', '/a/../b', '/..', '/a/.', '/a//b', '/a/', '/a\0b'])
      await refused(at);
    const system = ['/proc', '/proc/x', '/dev', '/dev/shm', '/sys/fs', '/etc', '/etc/ssl', '/run', '/run/x'];
    for (const at of [...system, '/home', '/home/task', '/home/task/x']) await refused(at);
    await refused('/a', '/a');
    await refused('/a', '/b', '/a/b');
    await refused('/a/b', '/a');
    expect(readdirSync(source)).toEqual([]);
  },

  '[X15] what cannot be shown': async (_, executor, subject) => {
    const directory = newSource();
    mkdirSync(join(directory, 'real/deep'), { recursive: true });
    symlinkSync('real', join(directory, 'link'));
    symlinkSync('nowhere', join(directory, 'dangling'));
    writeFileSync(join(directory, 'file'), '');
    const refused = async (code: string, source: string) =>
      expect(await refusalOf(executor, subject, [{ source, at: AT }]), source).toMatchObject({ code });
    for (const name of ['link', 'link/deep', 'file', 'real/', 'real/../real', './real', 'real/\0'])
      await refused('bad_input', `${directory}/${name}`);
    for (const source of ['', 'relative', '/', '/proc', '/proc/self/cwd', '/dev', '/dev/shm', '/sys'])
      await refused('bad_input', source);
    const inner = [`${directory}/real`, `${directory}/real/deep`].map((source, index) => ({
      source,
      at: `/${index}`,
    }));
    for (const shown of [inner, inner.toReversed()])
      expect(await refusalOf(executor, subject, shown)).toMatchObject({ code: 'bad_input' });
    for (const name of ['missing', 'dangling', 'file/x']) await refused('not_found', `${directory}/${name}`);
  },

  '[X15] neither a place nor what is in one': async (_, executor, subject) => {
    const above = newSource();
    const directory = join(above, 'place');
    mkdirSync(join(directory, 'inside'), { recursive: true });
    const containers = subject.containers?.();
    for (const source of [above, directory, join(directory, 'inside')]) {
      const place = executor.place({ directory, containers, shown: [{ source, at: AT }] });
      expect(await failureOf(place)).toMatchObject({ code: 'bad_input' });
    }
  },
} satisfies Record<string, Test>;

export const SHOWN_CASES: Record<string, Test> = CASES;

async function refusalOf(
  executor: Executor,
  { containers }: Subject,
  shown: readonly ShownDirectory[],
): Promise<StrataError> {
  const directory = newDirectory();
  try {
    return await failureOf(executor.place({ directory, containers: containers?.(), shown }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
