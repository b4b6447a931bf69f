/**
 * Carries a run: what happens becomes events, the scheduler makes orders of them, and each is carried out once the new state is durable. All
 * it knows stands in the database too, so another process can go on where this one stopped.
 */

import { setTimeout } from 'node:timers/promises';

import type { Cancellable } from '../base/index.ts';
import type { TaskTable } from '../db/index.ts';
import type { Executor } from '../exec/index.ts';
import { Scheduler } from '../plan/index.ts';
import type { RunDefinition, RunEvent, RunOrder, RunState } from '../plan/index.ts';
import { attemptTask } from './attempt.ts';
import type { AttemptOutcome, StepProgress } from './attempt.ts';
import { EarlyWarning } from './early-warning.ts';
import { Reading } from './reading.ts';
import type { Fault } from './fault.ts';
import type { RunRequest } from './request.ts';
import { RowWriter } from './row-writer.ts';
import type { TaskGraph } from './run-graph.ts';
import { takeLayers, taskColumns } from './rows.ts';
import { layersOfRun } from './saved-layer.ts';
import type { SavedLayer } from './saved-layer.ts';
import { TaskInput } from './task-input.ts';
import { layerInfo } from './view.ts';
import type { RunInfo, TaskInfo } from './view.ts';
import type { RunWorld } from './world.ts';

/** Milliseconds between two looks for what other processes want: approvals and the end. */
const LISTEN_MS = 200;

export interface ConductedRun {
  readonly id: string;
  readonly request: RunRequest;
  readonly definition: RunDefinition;
  readonly graph: TaskGraph;
  readonly state: RunState;
  /** Rows of its tasks, in their order. */
  readonly tasks: readonly TaskTable[];
  readonly restartedFrom: string | undefined;
  /** Tasks of the run that it restarts, by name. */
  readonly earlier: ReadonlyMap<string, TaskTable>;
}

/** A task under way, or the figures of one that was. */
export interface TaskProgress extends StepProgress {
  readonly started: number | undefined;
  readonly ended: number | undefined;
  readonly fault: Fault | undefined;
  readonly inputDigest: string | undefined;
}

export interface ConductOptions extends Cancellable {
  /** Is called whenever there is something new to see. */
  readonly onChange?: (() => void) | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
}

export class Conductor {
  readonly #world: RunWorld;
  readonly #run: ConductedRun;
  readonly #rows: RowWriter;
  readonly #scheduler: Scheduler;
  readonly #executors = new Map<string, Promise<Executor>>();
  readonly #underWay = new Map<number, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  readonly #layers = new Map<number, readonly SavedLayer[]>();
  readonly #progress = new Map<number, TaskProgress>();
  readonly #attempts: number[];
  readonly #warning: EarlyWarning;
  readonly #reading: Reading;
  readonly #options: ConductOptions;
  readonly #takenOver = new Set<number>();
  readonly #created: number;
  #started: number | undefined;
  #ended: number | undefined;
  #finished: () => void = () => {};
  #failure: unknown;

  constructor(world: RunWorld, run: ConductedRun, options: ConductOptions = {}) {
    this.#world = world;
    this.#run = run;
    this.#options = options;
    this.#rows = new RowWriter(world.database);
    this.#created = world.clock();
    this.#reading = new Reading(world);
    const nodes = run.graph.nodes(world.executors, run.request.source);
    this.#scheduler = new Scheduler(nodes, run.state, world.executors);
    this.#attempts = run.tasks.map(({ attempt }) => attempt);
    this.#warning = new EarlyWarning(run.graph, (task) => this.inputOf(task), options.onWarning);
  }

  get id(): string {
    return this.#run.id;
  }

  get state(): RunState {
    return this.#scheduler.state;
  }

  /** As others will find it in the rows, and what each task is at. */
  view(): RunInfo {
    const { id, definition, restartedFrom, tasks } = this.#run;
    const { phase, result } = this.#scheduler;
    return {
      id,
      name: definition.name,
      phase,
      result,
      restartedFrom,
      created: this.#created,
      started: this.#started,
      ended: this.#ended,
      expires: this.#ended === undefined ? undefined : this.#ended + this.#world.retention,
      orphaned: false,
      tasks: tasks.map((row, task) => this.#taskInfo(row, task)),
    };
  }

  #taskInfo(row: TaskTable, task: number): TaskInfo {
    const { status, waitingApproval, executor } = this.#scheduler.task(task);
    const progress = this.#progress.get(task);
    return {
      id: row.id,
      name: row.name,
      status,
      level: row.level,
      attempt: this.#attempts[task]!,
      reused: row.reused === 1 || this.#takenOver.has(task),
      waitingApproval,
      executor,
      started: progress?.started ?? row.started ?? undefined,
      ended: progress === undefined ? (row.ended ?? undefined) : progress.ended,
      inputDigest: progress?.inputDigest ?? row.input_digest ?? undefined,
      savedBytes: progress?.savedBytes ?? 0,
      restoredBytes: progress?.restoredBytes ?? 0,
      layers: (this.#layers.get(task) ?? []).map(layerInfo),
      error: progress?.fault,
      step: status === 'running' ? progress?.step : undefined,
    };
  }

  /** What a task sees of the workspace. */
  inputOf(task: number): TaskInput {
    return new TaskInput(this.#reading, this.#run.graph, task, (ancestor) => this.#visible(ancestor));
  }

  /** Returns when the run has ended. An abort of the signal is a cancellation. @throws what keeps it from going on */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const byId = await layersOfRun(this.#world.database.kysely, this.#run.id);
    for (const { id, number } of this.#run.tasks) this.#layers.set(number, byId.get(id) ?? []);
    const finished = new Promise<void>((resolve) => (this.#finished = resolve));
    const listening = new AbortController();
    const cancel = () => void this.#take({ kind: 'cancel' });
    signal?.addEventListener('abort', cancel);
    const listener = this.#listen(listening.signal);
    try {
      await this.#take({ kind: 'start' });
      if (signal?.aborted === true) cancel();
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

  /** Events are taken in one after another; what they order is durable before it is done. */
  async #take(event: RunEvent, fault?: Fault): Promise<void> {
    try {
      const { orders, changed } = this.#scheduler.advance(event);
      const now = this.#world.clock();
      this.#started ??= now;
      if (hasEndedRun(this.#scheduler.phase)) this.#ended ??= now;
      if (event.kind === 'ended') this.#note(event.task, { ended: now, ...(fault && { fault }) });
      for (const order of orders) if (order.kind === 'start') this.#begin(order.task, now);
      const written = this.#write(changed, now);
      await this.#reuse(orders);
      await written;
      for (const order of orders) this.#carryOut(order);
      this.#options.onChange?.();
      const { phase } = this.#scheduler;
      if (phase === 'finished' || phase === 'cancelled') this.#finished();
    } catch (error) {
      this.#failure ??= error;
      this.#finished();
    }
  }

  #begin(task: number, now: number): void {
    this.#attempts[task]!++;
    const nothing = { step: '', savedBytes: 0, restoredBytes: 0, ended: undefined };
    const unknown = { fault: undefined, inputDigest: undefined };
    this.#progress.set(task, { ...nothing, ...unknown, started: now });
    this.#layers.set(task, []);
  }

  #note(task: number, change: Partial<TaskProgress>): void {
    const before = this.#progress.get(task);
    if (before !== undefined) this.#progress.set(task, { ...before, ...change });
  }

  /** The new state of tasks, and of the run. */
  #write(changed: readonly number[], now: number): Promise<void> {
    const { id, tasks } = this.#run;
    const { phase, result } = this.#scheduler;
    const states = changed.map((task) => {
      const { started, ended, savedBytes = 0, restoredBytes = 0, fault } = this.#progress.get(task) ?? {};
      return {
        id: tasks[task]!.id,
        columns: {
          ...taskColumns(this.#scheduler.task(task)),
          attempt: this.#attempts[task]!,
          ...(started !== undefined && {
            started,
            ended: ended ?? null,
            saved_bytes: savedBytes,
            restored_bytes: restoredBytes,
            error: fault === undefined ? null : JSON.stringify(fault),
          }),
        },
      };
    });
    const ended = hasEndedRun(phase) ? now : null;
    const expires = ended === null ? null : ended + this.#world.retention;
    return this.#rows.write(async (tx) => {
      for (const { id: task, columns } of states)
        await tx.updateTable('tasks').set(columns).where('id', '=', task).execute();
      await tx
        .updateTable('runs')
        .set(({ fn, val }) => ({
          phase,
          result,
          ended,
          expires,
          started: fn.coalesce('started', val(now)),
          ...(ended !== null && { holder: null }),
        }))
        .where('id', '=', id)
        .execute();
    });
  }

  /** Early cut-off: what a task saved in the run before is what it has saved in this one. */
  async #reuse(orders: readonly RunOrder[]): Promise<void> {
    for (const { kind, task } of orders) {
      if (kind !== 'reuse') continue;
      const row = this.#run.tasks[task]!;
      const from = this.#run.earlier.get(row.name);
      if (from === undefined) continue;
      this.#attempts[task] = from.attempt;
      this.#takenOver.add(task);
      await this.#rows.write(async (tx) => {
        const columns = { reused: 1 as const, attempt: from.attempt, input_digest: from.input_digest };
        await tx.updateTable('tasks').set(columns).where('id', '=', row.id).execute();
        await takeLayers(tx, from.id, from.attempt, { id: row.id, attempt: from.attempt });
      });
      const layers = await layersOfRun(this.#world.database.kysely, this.#run.id);
      this.#layers.set(task, layers.get(row.id) ?? []);
    }
  }

  #carryOut(order: RunOrder): void {
    if (order.kind === 'stop') this.#underWay.get(order.task)?.stop.abort();
    if (order.kind === 'start') {
      const stop = new AbortController();
      const ended = this.#attempt(order.task, order.executor, stop.signal);
      this.#underWay.set(order.task, { stop, ended });
    }
  }

  async #attempt(task: number, executor: string, signal: AbortSignal): Promise<void> {
    const { id: run, request, definition, tasks } = this.#run;
    let outcome: AttemptOutcome;
    try {
      const input = this.inputOf(task);
      const attempt = this.#attempts[task]!;
      const row = tasks[task]!;
      const digest = await input.digest(this.#run.graph.policyOf(task), { signal });
      this.#note(task, { inputDigest: digest });
      await this.#rows.write(async (tx) => {
        const columns = { input_digest: digest ?? null };
        await tx.updateTable('tasks').set(columns).where('id', '=', row.id).execute();
      });
      outcome = await attemptTask(
        {
          world: this.#world,
          run: { id: run, request },
          task: { id: row.id, definition: definition.tasks[task]!, attempt },
          executor: await this.#executor(executor),
          arch: this.#world.executors.find(({ name }) => name === executor)!.arch,
          input,
          onProgress: (progress) => {
            this.#note(task, progress);
            this.#options.onChange?.();
          },
          onLayer: (layer) => this.#addLayer(task, layer),
        },
        signal,
      );
    } catch (error) {
      // A mistake of ours ends the run, and not only the task.
      this.#failure ??= error;
      this.#underWay.delete(task);
      return this.#finished();
    }
    this.#underWay.delete(task);
    const fault = outcome.kind === 'failed' ? outcome.fault : undefined;
    await this.#take({ kind: 'ended', task, outcome: outcome.kind, unchanged: await this.#isUnchanged(task) }, fault);
  }

  #addLayer(task: number, layer: SavedLayer): void {
    this.#layers.set(task, [...(this.#layers.get(task) ?? []), layer]);
    void this.#warning.look(task, this.#scheduler);
  }

  /** Whether it has saved what it had saved in the run that this one restarts. */
  async #isUnchanged(task: number): Promise<boolean> {
    const { restartedFrom, earlier, request, tasks } = this.#run;
    if (restartedFrom === undefined || !request.settings.earlyCutoff) return false;
    const before = earlier.get(tasks[task]!.name);
    if (before?.status !== 'success') return false;
    const layers = (await layersOfRun(this.#world.database.kysely, restartedFrom)).get(before.id) ?? [];
    const digests = (all: readonly SavedLayer[]) => all.map(({ step, digest }) => `${step} ${digest}`).join();
    return digests(layers) === digests(this.#layers.get(task) ?? []);
  }

  #visible(task: number): readonly SavedLayer[] {
    const { status } = this.#scheduler.task(task);
    const layers = this.#layers.get(task) ?? [];
    // What is still running may succeed.
    return status === 'success' || status === 'running' ? layers : status === 'failed' ? layers.filter((layer) => layer.onFailure) : [];
  }

  #executor(name: string): Promise<Executor> {
    const known = this.#executors.get(name);
    if (known !== undefined) return known;
    const declared = this.#world.executors.find((each) => each.name === name)!;
    const executor = this.#world.openExecutor(declared, this.#run.request.settings);
    this.#executors.set(name, executor);
    return executor;
  }

  /** What other processes want of the run stands in rows. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { kysely } = this.#world.database;
    const { id } = this.#run;
    while (!signal.aborted) {
      try {
        const run = await kysely.selectFrom('runs').select('cancel').where('id', '=', id).executeTakeFirst();
        if (run?.cancel === 1 && !this.#scheduler.stopping) await this.#take({ kind: 'cancel' });
        const approved = await kysely
          .selectFrom('tasks')
          .select('number')
          .where('run', '=', id)
          .where('waiting_approval', '=', 1)
          .where('approved', '=', 1)
          .execute();
        for (const { number } of approved) await this.#take({ kind: 'approve', task: number });
        await setTimeout(LISTEN_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#failure ??= error;
        return this.#finished();
      }
    }
  }
}

function hasEndedRun(phase: RunState['phase']): boolean {
  return phase === 'finished' || phase === 'cancelled';
}
