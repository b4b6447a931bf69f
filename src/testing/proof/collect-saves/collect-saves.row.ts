/** Proof row: several processes work on one home while another one collects without a margin, and is killed now and then. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { openEngine } from '../../../engine/index.ts';
import { Chance } from '../chance.ts';
import { fastDirectory } from '../fast-directory.ts';
import { difference, readFiles } from '../model/directory.ts';
import type { ProofRow, ProofRun } from '../row.ts';
import { contentOf } from '../small-tree.ts';

const WORKERS = 3;
const SECONDS = 5;
/** Milliseconds that a collector lives after its first collection, at most; then every other one is killed. */
const LIFE = 1500;

interface Answer {
  readonly kept: Readonly<Record<string, Readonly<Record<number, Readonly<Record<string, number>>>>>>;
  readonly counts: Readonly<Record<string, number>>;
}

export const collectSaves: ProofRow = {
  name: 'collect-saves',
  claim:
    'Collections without a margin take nothing from saves, forks, restores and verifications that go on beside them.',
  unit: 'operations',
  planted: 'intents ignored by the collector',
  perCommit: 1,
  async open(): Promise<ProofRun> {
    const directory = mkdtempSync(join(fastDirectory(), 'strata-collect-'));
    return {
      async run(seed) {
        const place = join(directory, `${seed}`);
        const home = join(place, 'home');
        mkdirSync(home, { recursive: true });
        try {
          const chance = new Chance(seed);
          const workers = Array.from({ length: WORKERS }, (_, at) =>
            start('busy.fixture.ts', [home, place, `w${at}`, `${seed * WORKERS + at}`, `${SECONDS}`]),
          );
          const working = Promise.all(workers.map((worker) => worker.output));
          const collections = await collectUntil(working, home, place, chance);
          const answers = (await working).map((text) => JSON.parse(text) as Answer);
          await checkAll(home, place, answers);
          const hit = answers.flatMap(({ counts }) =>
            Object.entries(counts).flatMap(([name, count]) => Array.from({ length: count }, () => name)),
          );
          return { count: hit.length + collections.length, hit: [...hit, ...collections] };
        } catch (error) {
          throw new Error(`seed ${seed}: ${told(error)}`, { cause: error });
        } finally {
          rmSync(place, { recursive: true, force: true });
        }
      },
      async [Symbol.asyncDispose]() {
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

/** Keeps a collector running until the others have ended. @returns what its collections did */
async function collectUntil(
  working: Promise<unknown>,
  home: string,
  place: string,
  chance: Chance,
): Promise<string[]> {
  const over = working.then(
    () => true,
    () => true,
  );
  const done: string[] = [];
  for (let isOver = false; !isOver;) {
    const { child, output, begun } = start('collector.fixture.ts', [home, place]);
    const isKilled = chance.once(2);
    const ended = output.then(
      () => false,
      () => false,
    );
    const lived = begun.then(() => setTimeout(chance.below(LIFE), false));
    isOver = await Promise.race([over, lived, ended]);
    child.kill(isKilled && !isOver ? 'SIGKILL' : 'SIGTERM');
    const lines = await output.catch((error: unknown) => {
      // By us, be it that it had not begun yet.
      if (error instanceof Killed) return error.output;
      throw error;
    });
    if (isKilled && !isOver) done.push('killed collector');
    for (const line of lines.split('\n').slice(0, -1))
      done.push(line.startsWith('0 ') ? 'collection' : 'deletion');
  }
  return done;
}

/** All that was acknowledged is there, before and after a last collection, and nothing is wrong. */
async function checkAll(home: string, place: string, answers: readonly Answer[]): Promise<void> {
  await using engine = await openEngine({ home, env: {}, cwd: place });
  for (let round = 0; round < 2; round++) {
    const { problems } = await engine.store.verify({ readData: true });
    if (problems.length > 0) throw new Error(`a verification found ${JSON.stringify(problems)}`);
    for (const { kept } of answers)
      for (const [workspace, snapshots] of Object.entries(kept))
        for (const [number, files] of Object.entries(snapshots)) {
          const out = join(place, 'out');
          await engine.workspaces.restore(`${workspace}@${number}`, out);
          const wanted = new Map(
            Object.entries(files).map(([path, at]) => [path, Buffer.from(contentOf(at))]),
          );
          const found = difference(readFiles(out), wanted);
          if (found !== undefined) throw new Error(`${workspace}@${number} came back wrong: ${found}`);
          rmSync(out, { recursive: true });
        }
    const { waiting } = await engine.store.collect({ margin: 0 });
    if (waiting.length > 0) throw new Error(`nobody is left, and it waits for ${JSON.stringify(waiting)}`);
  }
}

class Killed extends Error {
  readonly output: string;

  constructor(output: string) {
    super('killed');
    this.output = output;
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly output: Promise<string>;
  /** Whether it has printed anything. */
  readonly begun: Promise<unknown>;
}

function start(fixture: string, given: readonly string[]): Started {
  const child = spawn(process.execPath, [join(import.meta.dirname, fixture), ...given], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const begun = new Promise((begin) => child.stdout.once('data', begin));
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.on('close', (code, signal) => {
    if (code === 0) resolve(output);
    else if (signal === 'SIGKILL' || signal === 'SIGTERM') reject(new Killed(output));
    else reject(new Error(`${fixture} ended with ${code ?? signal}: ${errors}`));
  });
  promise.catch(() => {});
  return { child, output: promise, begun };
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
