/**
 * What one process of a home wants another one to do that is a runner. That it is wanted stands in the database; what exactly, and what
 * comes of it, in files of the home, where keys are too.
 */

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import {
  StrataError,
  fateOf,
  isStrataError,
  readGrowing,
  systemError,
  thisProcess,
  toHex,
} from '../base/index.ts';
import type { Cancellable, ErrorCode, Random } from '../base/index.ts';
import type { RunnerTable, SessionRequestTable } from '../db/index.ts';
import { FrameWriter, readFrames } from './frames.ts';
import type { StreamName } from './frames.ts';
import { runnerWithId, stateOf } from './runner-rows.ts';
import type { SessionWorld } from './world.ts';

/** What a runner is asked for; arguments and answers are JSON. */
export type RequestKind =
  | 'create'
  | 'exec'
  | 'suspend'
  | 'resume'
  | 'checkpoint'
  | 'restore'
  | 'terminate'
  | 'sync';

export interface AskOptions extends Cancellable {
  readonly onOutput?: ((bytes: Uint8Array, stream: StreamName) => void | Promise<void>) | undefined;
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
}

/** Milliseconds between two looks at how far it is. */
const LOOK_MS = 50;
/** The same at what a command is to read. */
const INPUT_MS = 30;
const ID_BYTES = 6;

/** `requests` in the home. */
export type RequestWorld = Pick<SessionWorld, 'database' | 'clock' | 'random' | 'tenant'> & {
  readonly requestsDirectory: string;
};

/** @throws what the runner has thrown; unavailable if it is gone, or goes on the way */
export async function ask<Answer>(
  world: RequestWorld,
  runner: Pick<RunnerTable, 'id' | 'name'>,
  kind: RequestKind,
  request: unknown,
  { signal, onOutput, stdin }: AskOptions = {},
): Promise<Answer> {
  const { database, clock, tenant } = world;
  const id = newRequestId(world.random);
  const files = new RequestFiles(world.requestsDirectory, id);
  files.make(request);
  try {
    await database.kysely
      .insertInto('session_requests')
      .values({
        id,
        runner: runner.id,
        tenant,
        kind,
        asker: thisProcess(),
        status: 'waiting',
        cancel: 0,
        taker: null,
        created: clock(),
      })
      .execute();
    const feeding = new AbortController();
    const fed = stdin === undefined ? files.endInput() : feed(files, stdin, feeding.signal);
    let isCancelled = false;
    try {
      for (let at = 0; ;) {
        const row = await requestRow(world, id);
        // Asked before the last look at what it printed.
        at = await readFrames(files.output, at, onOutput);
        if (row?.status === 'done') return files.answer<Answer>();
        const failure =
          row === undefined ? gone(runner.name) : await failureOfRunner(world, row, runner.name);
        if (failure !== undefined) throw failure;
        if (signal?.aborted === true && !isCancelled) {
          isCancelled = true;
          await database.kysely
            .updateTable('session_requests')
            .set({ cancel: 1 })
            .where('id', '=', id)
            .execute();
        }
        await setTimeout(LOOK_MS);
      }
    } finally {
      feeding.abort();
      await fed;
    }
  } finally {
    await database.kysely.deleteFrom('session_requests').where('id', '=', id).execute();
    files.remove();
  }
}

function newRequestId(random: Random): string {
  return `request-${toHex(random(ID_BYTES))}`;
}

async function feed(
  files: RequestFiles,
  stdin: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  // What stdin is waiting for, nobody here waits for once the command has ended.
  const over = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const iterator = stdin[Symbol.asyncIterator]();
  try {
    using input = files.inputWriter();
    for (;;) {
      const next = iterator.next();
      next.catch(() => undefined);
      const part = await Promise.race([next, over]);
      if (part === undefined || part.done === true) return;
      input.write(part.value);
    }
  } catch (error) {
    // What cannot be read ends here for the command too; that it is over, its answer says.
    if (signal.aborted || isStrataError(error)) return;
    throw error;
  } finally {
    // One that is stuck hears of it when it goes on.
    iterator.return?.()?.catch(() => undefined);
    await files.endInput();
  }
}

async function requestRow({ database }: RequestWorld, id: string): Promise<SessionRequestTable | undefined> {
  return database.kysely.selectFrom('session_requests').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @returns why nobody will do it any more */
async function failureOfRunner(
  { database, clock }: RequestWorld,
  { runner, taker }: SessionRequestTable,
  name: string,
): Promise<StrataError | undefined> {
  if (taker !== null && fateOf(taker) === 'dead') return gone(name);
  const row = await runnerWithId(database.kysely, runner);
  if (row === undefined || row.holder === null || fateOf(row.holder) === 'dead') return gone(name);
  return stateOf(row, clock()) === 'silent' ? silent(row) : undefined;
}

function gone(name: string): StrataError {
  return new StrataError('unavailable', `runner ${name} is gone`, {
    hint: `Start it again: \`strata runner --name ${name}\`. Once its lease is over, the session can be resumed elsewhere.`,
    details: { runner: name },
  });
}

function silent({ name, holder, seen }: RunnerTable): StrataError {
  return new StrataError('unavailable', `runner ${name} does not answer, and its lease is over`, {
    hint: `Its process ${holder?.split('-')[0]} is there: paused, or stuck. Let it go on or end it; sessions that it had can be resumed elsewhere.`,
    details: { runner: name, seen },
  });
}

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What belongs to one request, readable by this user alone. */
export class RequestFiles {
  readonly #directory: string;

  constructor(requestsDirectory: string, id: string) {
    this.#directory = join(requestsDirectory, id);
  }

  /** Frames of what a command prints. */
  get output(): string {
    return join(this.#directory, 'output');
  }

  make(request: unknown): void {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(join(this.#directory, 'request.json'), JSON.stringify(request), { mode: 0o600 });
      writeFileSync(join(this.#directory, 'input'), '', { mode: 0o600 });
      writeFileSync(this.output, '', { mode: 0o600 });
    } catch (error) {
      throw systemError(error, `write down a request in ${this.#directory}`);
    }
  }

  request<Request>(): Request {
    return JSON.parse(readFileSync(join(this.#directory, 'request.json'), 'utf8')) as Request;
  }

  inputWriter(): Disposable & { write(bytes: Uint8Array): void } {
    const file = openSync(join(this.#directory, 'input'), 'a');
    return {
      write: (bytes) => writeFileSync(file, bytes),
      [Symbol.dispose]: () => closeSync(file),
    };
  }

  async endInput(): Promise<void> {
    if (existsSync(this.#directory)) writeFileSync(join(this.#directory, 'input.end'), '');
  }

  /** What the command is to read, as it comes. */
  input(signal: AbortSignal): AsyncIterable<Uint8Array> {
    const goesOn = () => !existsSync(join(this.#directory, 'input.end'));
    return readGrowing(join(this.#directory, 'input'), { goesOn, every: INPUT_MS, signal });
  }

  outputWriter(): FrameWriter {
    return new FrameWriter(this.output);
  }

  /** Whole when it is seen. */
  putAnswer(answer: { readonly value: unknown } | { readonly failure: Failure }): void {
    const path = join(this.#directory, 'answer.json');
    writeFileSync(`${path}.tmp`, JSON.stringify(answer), { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  }

  /** @throws what stands in it */
  answer<Answer>(): Answer {
    const text = readFileSync(join(this.#directory, 'answer.json'), 'utf8');
    const answer = JSON.parse(text) as { readonly value?: Answer; readonly failure?: Failure };
    if (answer.failure === undefined) return answer.value as Answer;
    const { code, message, hint, details } = answer.failure;
    throw new StrataError(code, message, { hint, details });
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export function failureOf(error: unknown): Failure {
  if (!isStrataError(error)) return { code: 'internal', message: String(error), details: {} };
  const { code, message, hint, details } = error;
  return { code, message, hint, details };
}
