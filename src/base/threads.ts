/**
 * Threads that all run one module, with messages both ways. What a thread throws arrives as the error that it was, and a thread that
 * dies without a word is an error too: nobody waits for an answer that cannot come.
 */

import type { Transferable, Worker } from 'node:worker_threads';

import { StrataError, isStrataError } from './error.ts';
import type { ErrorCode, ErrorDetails } from './error.ts';

/** A `StrataError` as a message can carry it: a class does not survive the way between threads. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;
  /** Of what was no `StrataError`, to be told with `--verbose`. */
  readonly stack: string | undefined;
}

export function errorMessage(error: unknown): ErrorMessage {
  if (isStrataError(error)) {
    const { code, message, hint, details } = error;
    return { code, message, hint, details, stack: undefined };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { code: 'internal', message, hint: undefined, details: {}, stack };
}

export function messageError({ code, message, hint, details, stack }: ErrorMessage): StrataError {
  const cause = stack === undefined ? undefined : Object.assign(new Error(message), { stack });
  return new StrataError(code, message, { hint, details, cause });
}

/**
 * Of what a thread has just made. What lives longer in one is bytes, which V8 keeps elsewhere; with the default two threads take 10 MB more
 * in a save of 5 GiB, in the same time.
 */
const YOUNG_MB = 8;

/**
 * Milliseconds that a thread has to end by itself, between two orders: many times as long as one takes. `terminate` stops it anywhere, and is
 * for what never comes to an end.
 */
const GRACE = 5000;

/** Loaded with the first thread: most commands have none. */
const threading = () => process.getBuiltinModule('node:worker_threads');

export interface ThreadsOptions<Answer> {
  /** How many. */
  readonly count: number;
  /** What `serveThread` gives the module. Cloned, or shared where it is a `SharedArrayBuffer`. */
  readonly data: unknown;
  readonly onAnswer: (answer: Answer, thread: number) => void;
  /** Called once at most; no answer follows. */
  readonly onFailure: (error: StrataError) => void;
}

/** @typeParam Order what is posted to a thread @typeParam Answer what it posts back */
export class Threads<Order, Answer> implements AsyncDisposable {
  readonly #module: URL;
  readonly #options: ThreadsOptions<Answer>;
  readonly #workers: Worker[] = [];
  readonly #exits: Promise<unknown>[] = [];
  /** What all of them see at once: whether there is anything left to do. */
  readonly #end = new Int32Array(new SharedArrayBuffer(4));
  #ended = false;

  /** @param module calls `serveThread` */
  constructor(module: URL, options: ThreadsOptions<Answer>) {
    this.#module = module;
    this.#options = options;
    try {
      for (let thread = 0; thread < options.count; thread++) this.add();
    } catch (error) {
      // Those that did start would keep the process alive.
      void this[Symbol.asyncDispose]();
      throw error;
    }
  }

  get count(): number {
    return this.#workers.length;
  }

  /** Starts one more. @throws internal if there can be none */
  add(): void {
    const { onAnswer } = this.#options;
    const thread = this.#workers.length;
    const worker = this.#start();
    worker.on('message', (answer: Answer | { readonly threadFailure: ErrorMessage }) => {
      if (this.#ended) return;
      if (isFailure(answer)) this.#fail(messageError(answer.threadFailure));
      else onAnswer(answer, thread);
    });
    worker.on('error', (error) => this.#fail(messageError(errorMessage(error))));
    worker.on('exit', () =>
      this.#fail(new StrataError('internal', 'a thread died in the middle of its work')),
    );
    this.#exits.push(new Promise((resolve) => worker.once('exit', resolve)));
    this.#workers.push(worker);
  }

  /** @param transfer memory that the thread takes over */
  post(thread: number, order: Order, transfer: Transferable[] = []): void {
    this.#workers[thread]!.postMessage(order, transfer);
  }

  /** Ends threads that have no order at once: one that still loads its module would first come to the end of that. */
  async stop(): Promise<void> {
    this.#ended = true;
    for (const worker of this.#workers) void worker.terminate();
    await Promise.all(this.#exits);
  }

  /** Ends the threads after the order that they are at; none of them does anything any more then. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    Atomics.store(this.#end, 0, 1);
    for (const worker of this.#workers) worker.postMessage(undefined, []);
    const late = setTimeout(() => {
      for (const worker of this.#workers) void worker.terminate();
    }, GRACE);
    await Promise.all(this.#exits);
    clearTimeout(late);
  }

  #start(): Worker {
    const threads = threading();
    const { data } = this.#options;
    try {
      // Whatever this process was started with (a test runner's loader, an inspector) is not for a thread.
      return new threads.Worker(this.#module, {
        workerData: { data, end: this.#end } satisfies Beginning,
        env: threads.SHARE_ENV,
        execArgv: [],
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
    } catch (error) {
      throw messageError(errorMessage(error));
    }
  }

  #fail(error: StrataError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onFailure(error);
  }
}

interface Beginning {
  readonly data: unknown;
  readonly end: Int32Array;
}

export type Post<Answer> = (answer: Answer, transfer?: Transferable[]) => void;

/**
 * The other side: called once by a thread's module. Orders are worked at one at a time, in the order in which they came; an error
 * ends all.
 *
 * @param start is given the data, and returns what is done with an order
 */
export function serveThread<Data, Order, Answer>(
  start: (data: Data, post: Post<Answer>) => (order: Order) => void | Promise<void>,
): void {
  const { parentPort: port, workerData } = threading();
  if (port === null) throw new StrataError('internal', 'this module runs in a thread');
  const { data, end } = workerData as Beginning;
  const isOver = () => Atomics.load(end, 0) === 1;
  if (isOver()) return;
  const post: Post<Answer> = (answer, transfer = []) => port.postMessage(answer, transfer);
  const work = start(data as Data, post);
  let before: Promise<void> = Promise.resolve();
  port.on('message', (order: Order) => {
    before = before
      .then(() => (isOver() ? port.close() : work(order)))
      .catch((error: unknown) => {
        port.postMessage({ threadFailure: errorMessage(error) });
        port.close();
      });
  });
}

function isFailure(answer: unknown): answer is { readonly threadFailure: ErrorMessage } {
  return typeof answer === 'object' && answer !== null && 'threadFailure' in answer;
}
