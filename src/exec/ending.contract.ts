/** Of the suite that every executor passes: how commands and places end. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { runBesideIn } from './beside.ts';
import { usableCgroup } from './cgroup.ts';
import type { StartedCommand } from './executor.ts';
import type { Test } from './executor.contract.ts';
import { newDirectory, newToken, withToken } from './place.fixture.ts';

export const ENDING_CASES = {
  '[X7] what a command leaves running is killed before `run` returns': async ({ sh }) => {
    const token = newToken();
    const daemon = `sh -c 'trap "" TERM HUP INT; while :; do sleep 0.1; done' ${token}`;
    const started = Date.now();
    // In the background, in a session of its own, after two forks, and holding stdout open.
    const { exitCode, stdout } = await sh(
      `${daemon} & (setsid ${daemon} >/dev/null 2>&1 &) ; (setsid sh -c "(${'$'}0) & exit" ${token} &); (setsid ${daemon} & exit); echo main; exit 7`,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: 'main\n' });
    expect(withToken(token)).toEqual([]);
    expect(Date.now() - started).toBeLessThan(10_000);
  },

  '[X7] processes that start others all the time are killed': async ({ sh, place }) => {
    const token = newToken();
    const script = `#!/bin/sh\nsleep 0.0$(( $$ % 10 ))\n"$0" "$@" &\n[ $(( $$ % 3 )) != 0 ] || sleep 0.2\n`;
    writeFileSync(join(place.directory, 'runner'), script, { mode: 0o755 });
    expect(
      (await sh(`for i in 1 2 3 4 5 6 7 8; do setsid ~/runner ${token} & done; sleep 0.5; exit 5`)).exitCode,
    ).toBe(5);
    expect(withToken(token)).toEqual([]);
    expect((await sh('echo next')).stdout).toBe('next\n');
    expect(withToken(token)).toEqual([]);
  },

  '[X8] a command that is cancelled gets SIGTERM and may end in its own way': async ({ sh, place }) => {
    const token = newToken();
    const abort = new AbortController();
    const running = sh(
      `trap 'echo tidy >tidied; exit 0' TERM; echo on; while :; do sleep 0.1; done`,
      {},
      {
        signal: abort.signal,
        onOutput: () => abort.abort(),
      },
    );
    await expectCode('cancelled', running);
    expect(readFileSync(join(place.directory, 'tidied'), 'utf8')).toBe('tidy\n');
    expect(withToken(token)).toEqual([]);
  },

  '[X8] one that ignores it is killed after the grace, with all that it started': async ({ sh }) => {
    const token = newToken();
    const abort = new AbortController();
    const stubborn = `sh -c 'trap "" TERM; echo on; while :; do sleep 0.1; done' ${token}`;
    let aborted = 0;
    const running = sh(
      `trap "" TERM; (setsid ${stubborn} &); ${stubborn}; ${stubborn}`,
      {},
      {
        signal: abort.signal,
        grace: 300,
        onOutput() {
          aborted ||= Date.now();
          abort.abort();
        },
      },
    );
    await expectCode('cancelled', running);
    expect(Date.now() - aborted).toBeGreaterThanOrEqual(300);
    expect(Date.now() - aborted).toBeLessThan(10_000);
    expect(withToken(token)).toEqual([]);
  },

  '[X19] a command can be made to stand still with all that it started, to go on, or to die so': async ({
    sh,
    place,
  }) => {
    const token = newToken();
    const count = (file: string) => `while :; do echo x >>${file}; sleep 0.001; done`;
    const script = `(setsid sh -c '${count('other')}' ${token} &); ${count('own')}`;
    const sizes = () =>
      ['own', 'other'].map(
        (file) => statSync(join(place.directory, file), { throwIfNoEntry: false })?.size ?? 0,
      );
    const isGrowing = async () => {
      const before = sizes();
      for (let tries = 0; tries < 500; tries++) {
        await setTimeout(20);
        if (sizes().every((size, index) => size > before[index]!)) return;
      }
      throw new Error('it does not go on');
    };
    let command: StartedCommand | undefined;
    const onStart = (started: StartedCommand) => void (command = started);
    const abort = new AbortController();
    const running = sh(script, {}, { onStart, signal: abort.signal, grace: 60_000 });
    const outcome = expectCode('cancelled', running);
    await isGrowing();
    await command!.stop();
    const standing = sizes();
    await setTimeout(200);
    expect(sizes()).toEqual(standing);
    command!.goOn();
    await isGrowing();
    await command!.stop();
    abort.abort();
    command!.kill();
    await outcome;
    expect(withToken(token)).toEqual([]);
    // There is nobody any more.
    await command!.stop();
    command!.goOn();
  },

  '[X8] cancelled before it starts, or while it does': async ({ sh }) => {
    await expectCode('cancelled', sh('echo no', {}, { signal: AbortSignal.abort() }));
    for (const wait of [0, 5, 20, 60]) {
      const token = newToken();
      const signal = AbortSignal.timeout(wait);
      await expectCode('cancelled', sh(`: ${token}; sleep 100`, {}, { signal, grace: 50 }));
      expect(withToken(token)).toEqual([]);
    }
  },

  '[X9] a place is taken away whole': async ({ sh, place }) => {
    await sh(`mkdir -p a/b 'odd
name' locked/in; echo x >locked/in/file; ln -s / root; ln a/b c 2>/dev/null; mkfifo fifo
      i=0; while [ $i -lt 200 ]; do mkdir dddddddddddddddddddddddddddddd && cd dddddddddddddddddddddddddddddd || exit 1; i=$((i+1)); done`);
    await sh('chmod 000 locked/in locked a; chmod 500 .');
    await place[Symbol.asyncDispose]();
    expect(existsSync(place.directory)).toBe(false);
    await place[Symbol.asyncDispose]();
    expect(readdirSync('/').length).toBeGreaterThan(5);
  },

  '[X9] a place that is taken away kills its command': async ({ sh, place }) => {
    const token = newToken();
    const onOutput = () => void place[Symbol.asyncDispose]();
    await expectCode('cancelled', sh(`echo on; sleep 100; : ${token}`, {}, { onOutput, grace: 50 }));
    await place[Symbol.asyncDispose]();
    expect(withToken(token)).toEqual([]);
    expect(existsSync(place.directory)).toBe(false);
    await expectCode('internal', sh('true'));
  },

  '[X10] whoever cannot take the output ends the command': async ({ sh }) => {
    const token = newToken();
    const failure = new Error('the disk of the log is full');
    const onOutput = () => {
      throw failure;
    };
    await expect(sh(`echo on; sleep 100; : ${token}`, {}, { onOutput })).rejects.toBe(failure);
    expect(withToken(token)).toEqual([]);
  },

  '[X11] one command at a time': async ({ sh }) => {
    const first = sh('sleep 0.3; echo first');
    await expectCode('internal', sh('echo second'));
    expect((await first).stdout).toBe('first\n');
  },

  '[X12] what the commands of an engine that was killed left is swept': (tools, executor, subject) =>
    sweepAfterDeath(tools, executor, subject, 'inside'),

  '[X13] so is what it left beside a place': (tools, executor, subject) =>
    sweepAfterDeath(tools, executor, subject, 'beside'),

  '[X13] of a program beside a place nothing is left when it returns, or is cancelled': async ({ place }) => {
    for (const cgroups of [usableCgroup(), undefined]) {
      for (const end of ['exit 3', 'sleep 100']) {
        const token = newToken();
        const abort = new AbortController();
        const script = `echo "$OWN $HOME"; (setsid sh -c "while :; do sleep 0.1; done" ${token} &); ${end}`;
        let text = '';
        const running = runBesideIn(
          cgroups,
          place.directory,
          {
            words: ['sh', '-c', script],
            environment: { PATH: process.env['PATH'] ?? '', OWN: 'own', HOME: '/mine' },
            workingDir: '/',
          },
          {
            signal: abort.signal,
            onOutput(bytes) {
              text += Buffer.from(bytes).toString();
              if (end !== 'exit 3') abort.abort();
            },
          },
        );
        if (end === 'exit 3') expect(await running).toEqual({ exitCode: 3, signal: undefined });
        else await expectCode('cancelled', running);
        expect(text).toBe('own /mine\n');
        expect(withToken(token)).toEqual([]);
      }
    }
  },

  '[X12] a sweep takes away a place that is not there, too': async (_, executor) => {
    const directory = newDirectory();
    await executor.sweepLeftovers(directory);
    expect(existsSync(directory)).toBe(false);
    await executor.sweepLeftovers(directory);
  },
} satisfies Record<string, Test>;

export async function sweepAfterDeath(
  { place }: Parameters<Test>[0],
  executor: Parameters<Test>[1],
  subject: Parameters<Test>[2],
  where: 'inside' | 'beside',
  source?: string,
): Promise<void> {
  const token = newToken();
  const directory = newDirectory();
  const engine = spawn(
    process.execPath,
    [
      join(import.meta.dirname, 'dying-engine.fixture.ts'),
      subject.way,
      directory,
      token,
      where,
      ...(source === undefined ? [] : [source]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(engine.stdout, 'data');
  expect(withToken(token).length).toBeGreaterThan(1);
  engine.kill('SIGKILL');
  await once(engine, 'exit');
  await executor.sweepLeftovers(directory);
  expect(withToken(token)).toEqual([]);
  expect(existsSync(directory)).toBe(false);
  expect(existsSync(place.directory)).toBe(true);
}
