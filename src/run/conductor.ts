/**
 * Carries a run: what happens becomes events, the scheduler makes orders of them, and each is carried out once the new state is durable. All
 * it knows stands in the database too, so another process can go on where this one stopped.
 */

import type { Cancellable } from '../base/index.ts';
import type { TaskTable } from '../db/index.ts';
import type { Executor } from '../exec/index.ts';
import { Scheduler, isRunOver } from '../plan/index.ts';
import type { RunDefinition, RunEvent, RunOrder, RunState } from '../plan/index.ts';
import { attemptTask } from './attempt.ts';
import type { AttemptOutcome } from './attempt.ts';
import { EarlyWarning } from './early-warning.ts';
import type { Fault } from './fault.ts';
import { listen } from './listen.ts';
import { Reading } from './reading.ts';
import type { RunRequest } from './request.ts';
import { RowWriter } from './row-writer.ts';
import { takeLayers, taskColumns } from './rows.ts';
import type { TaskGraph } from './run-graph.ts';
import { layersOfRun, visible } from './saved-layer.ts';
import type { SavedLayer } from './saved-layer.ts';
import { TaskInput } from './task-input.ts';
import { TaskRecords } from './task-records.ts';
import { sourceInfo } from './view.ts';
import type { RunInfo } from './view.ts';
import type { RunWorld } from './world.ts';

export interface ConductedRun {
  readonly id: string;
  readonly request: RunRequest;
  readonly definition: RunDefinition;
  readonly graph: TaskGraph;
  readonly state: RunState;
  /** Rows of its tasks, in their order. */
  readonly tasks: readonly TaskTable[];
  /** When it was created, and began if it has. */
  readonly times: { readonly created: number; readonly started?: number | undefined };
  readonly restartedFrom: string | undefined;
  /** Tasks of the run that it restarts, by name. */
  readonly earlier: ReadonlyMap<string, TaskTable>;
}

export interface ConductOptions extends Cancellable {
  /** Is called whenever there is something new to see. */
  readonly onChange?: (() => void) | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

export class Conductor {
  readonly #world: RunWorld;
  readonly #run: ConductedRun;
  readonly #options: ConductOptions;
  readonly #rows: RowWriter;
  readonly #scheduler: Scheduler;
  readonly #records: TaskRecords;
  readonly #reading: Reading;
  readonly #warning: EarlyWarning;
  readonly #executors = new Map<string, Promise<Executor>>();
  readonly #underWay = new Map<number, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  readonly #times: { created: number; started?: number | undefined; ended?: number };
  #finish: () => void = () => {};
  #failure: unknown;

  constructor(world: RunWorld, run: ConductedRun, options: ConductOptions = {}) {
    this.#world = world;
    this.#run = run;
    this.#options = options;
    this.#times = { ...run.times };
    this.#rows = new RowWriter(world.database);
    this.#records = new TaskRecords(run.tasks);
    this.#reading = new Reading(world);
    const nodes = run.graph.nodes(world.executors, run.request.source);
    this.#scheduler = new Scheduler(nodes, run.state, world.executors);
    this.#warning = new EarlyWarning(run.graph, (task) => this.#inputOf(task), options.onWarning);
  }

  get id(): string {
    return this.#run.id;
  }

  /** As others will find it in the rows, and what each task is at. */
  view(): RunInfo {
    const { id, request, definition, restartedFrom, tasks } = this.#run;
    const { phase, result } = this.#scheduler;
    const { created, started, ended } = this.#times;
    return {
      id,
      name: definition.name,
      phase,
      result,
      restartedFrom,
      created,
      started,
      ended,
      expires: ended === undefined ? undefined : ended + this.#world.retention,
      orphaned: false,
      source: sourceInfo(request.source),
      tasks: tasks.map((_, task) => this.#records.info(task, this.#scheduler.task(task))),
    };
  }

  /** Returns when the run has ended. An abort of the signal is a cancellation. @throws what keeps it from going on */
  async run(): Promise<void> {
    const { signal } = this.#options;
    await this.#records.readLayers(this.#world, this.id);
    const finished = new Promise<void>((resolve) => (this.#finish = resolve));
    const listening = new AbortController();
    const cancel = () => this.#take({ kind: 'cancel' });
    signal?.addEventListener('abort', cancel);
    const wishes = {
      onCancel: cancel,
      onApprove: (task: number) => this.#take({ kind: 'approve', task }),
    };
    const listener = listen(this.#world, this.id, wishes, listening.signal).catch((error: unknown) =>
      this.#fail(error),
    );
    try {
      await this.#take({ kind: 'start' });
      if (signal?.aborted === true) await cancel();
      await finished;
    } finally {
      signal?.removeEventListener('abort', cancel);
      listening.abort();
      for (const { stop } of this.#underWay.values()) stop.abort();
      await Promise.all([...this.#underWay.values()].map(({ ended }) => ended));
      await listener;
      await this.#reading[Symbol.asyncDispose]();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Events are taken in one after another; what they order is done when they are durable. */
  async #take(event: RunEvent, fault?: Fault): Promise<void> {
    try {
      const { orders, changed } = this.#scheduler.advance(event);
      const isOver = isRunOver(this.#scheduler.phase);
      // Of a run that was taken over nothing may be left to do but to say that it is over.
      const isNews = orders.length + changed.length > 0 || (isOver && this.#times.ended === undefined);
      if (!isNews) return;
      const now = this.#world.clock();
      this.#times.started ??= now;
      if (isOver) this.#times.ended ??= now;
      if (event.kind === 'ended') this.#records.note(event.task, { ended: now, ...(fault && { fault }) });
      for (const order of orders) if (order.kind === 'start') this.#records.begin(order.task, now);
      const written = this.#write(changed);
      for (const order of orders) if (order.kind === 'reuse') await this.#reuse(order.task);
      await written;
      for (const order of orders) this.#carryOut(order);
      this.#options.onChange?.();
      if (isOver) this.#finish();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What is no failure of a task, but of what carries it. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#finish();
  }

  /** The new state of tasks, and of the run. */
  #write(changed: readonly number[]): Promise<void> {
    const { id, tasks } = this.#run;
    const { phase, result, stopping } = this.#scheduler;
    const { started, ended } = this.#times;
    const states = changed.map((task) => ({
      id: tasks[task]!.id,
      columns: { ...taskColumns(this.#scheduler.task(task)), ...this.#records.columns(task) },
    }));
    const over = ended !== undefined && { ended, expires: ended + this.#world.retention, holder: null };
    return this.#rows.write(async (tx) => {
      for (const { id: task, columns } of states)
        await tx.updateTable('tasks').set(columns).where('id', '=', task).execute();
      await tx
        .updateTable('runs')
        .set(({ fn, val }) => ({
          phase,
          result,
          // Whoever takes it over goes on with its end.
          ...(stopping && { cancel: 1 as const }),
          started: fn.coalesce('started', val(started ?? null)),
          ...over,
        }))
        .where('id', '=', id)
        .execute();
    });
  }

  /** Early cut-off: what a task saved in the run before is what it has saved in this one. */
  async #reuse(task: number): Promise<void> {
    const row = this.#run.tasks[task]!;
    const from = this.#run.earlier.get(row.name);
    if (from === undefined) return;
    const { attempt, input_digest } = from;
    this.#records.takeOver(task, attempt);
    await this.#rows.write(async (tx) => {
      const columns = { reused: 1 as const, attempt, input_digest };
      await tx.updateTable('tasks').set(columns).where('id', '=', row.id).execute();
      await takeLayers(tx, from.id, attempt, { id: row.id, attempt });
    });
    await this.#records.readLayers(this.#world, this.id);
  }

  #carryOut(order: RunOrder): void {
    if (order.kind === 'stop') this.#underWay.get(order.task)?.stop.abort();
    if (order.kind !== 'start') return;
    const stop = new AbortController();
    const ended = this.#attempt(order.task, order.executor, stop.signal).catch((error: unknown) => {
      this.#underWay.delete(order.task);
      // A mistake of ours ends the run, and not only the task.
      this.#fail(error);
    });
    this.#underWay.set(order.task, { stop, ended });
  }

  async #attempt(task: number, executor: string, signal: AbortSignal): Promise<void> {
    const outcome = await this.#outcomeOf(task, executor, signal);
    const unchanged = outcome.kind === 'success' && (await this.#isUnchanged(task));
    this.#underWay.delete(task);
    const fault = outcome.kind === 'failed' ? outcome.fault : undefined;
    await this.#take({ kind: 'ended', task, outcome: outcome.kind, unchanged }, fault);
  }

  async #outcomeOf(task: number, executor: string, signal: AbortSignal): Promise<AttemptOutcome> {
    const { id, request, definition, graph, tasks } = this.#run;
    const input = this.#inputOf(task);
    const row = tasks[task]!;
    const assignment = {
      world: this.#world,
      run: { id, request },
      task: { id: row.id, definition: definition.tasks[task]!, attempt: this.#records.attempt(task) },
      executor: () => this.#executor(executor),
      arch: this.#world.executors.find(({ name }) => name === executor)!.arch,
      input,
      onInput: async (inputDigest: string | undefined) => {
        this.#records.note(task, { inputDigest });
        await this.#rows.write(async (tx) => {
          const columns = { input_digest: inputDigest ?? null };
          await tx.updateTable('tasks').set(columns).where('id', '=', row.id).execute();
        });
      },
      policy: graph.policyOf(task),
      onProgress: (progress: Parameters<TaskRecords['note']>[1]) => {
        this.#records.note(task, progress);
        this.#options.onChange?.();
      },
      onLayer: (layer: SavedLayer) => {
        this.#records.addLayer(task, layer);
        void this.#warning.look(task, this.#scheduler, signal);
      },
    };
    return attemptTask(assignment, signal);
  }

  /** Whether it has saved what it had saved in the run that this one restarts. */
  async #isUnchanged(task: number): Promise<boolean> {
    const { restartedFrom, earlier, request, tasks } = this.#run;
    if (restartedFrom === undefined || !request.settings.earlyCutoff) return false;
    const before = earlier.get(tasks[task]!.name);
    if (before?.status !== 'success') return false;
    const layers = await layersOfRun(this.#world.database.kysely, restartedFrom);
    const digests = (all: readonly SavedLayer[]) => all.map(({ step, digest }) => `${step} ${digest}`).join();
    return digests(layers.get(before.id) ?? []) === digests(this.#records.layers(task));
  }

  /** What a task sees of the workspace. */
  #inputOf(task: number): TaskInput {
    return new TaskInput(this.#reading, this.#run.graph, task, (ancestor) => {
      const { status } = this.#scheduler.task(ancestor);
      const layers = this.#records.layers(ancestor);
      // What is still running may succeed: for who looks ahead.
      return status === 'running' ? layers : visible(status, layers);
    });
  }

  #executor(name: string): Promise<Executor> {
    const known = this.#executors.get(name);
    if (known !== undefined) return known;
    const declared = this.#world.executors.find((each) => each.name === name)!;
    const opening = this.#world.openExecutor(declared, this.#run.request.settings);
    this.#executors.set(name, opening);
    // The next task that wants it says so too.
    opening.catch(() => this.#executors.delete(name));
    return opening;
  }
}
