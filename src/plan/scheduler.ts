/**
 * Advances a run: an event comes in, orders come out. Nothing here waits, reads a clock or throws dice, so that the same events give the
 * same orders, and whoever knows the state of a run can go on with it in another process.
 *
 * An event costs its task's edges, not all tasks: of each task it is known how many parents have not ended, and whether those
 * that have match. These counters follow from the statuses alone.
 */

import { StrataError, unreachable } from '../base/index.ts';
import { ReadyTasks } from './ready-tasks.ts';
import type { ExecutorSlots } from './ready-tasks.ts';
import { isRunOver } from './run-state.ts';
import type {
  RunEvent,
  RunOrder,
  RunPhase,
  RunResult,
  RunState,
  TaskState,
  TaskStatus,
} from './run-state.ts';
import { linkTasks } from './task-node.ts';
import type { TaskLinks, TaskNode } from './task-node.ts';
import { hasEnded, matchBits } from './task-status.ts';

export interface Advance {
  /** To be carried out once the new state is kept. */
  readonly orders: readonly RunOrder[];
  /** Tasks whose state is another now, each once. */
  readonly changed: readonly number[];
}

/**
 * One step for who has the state alone. It costs all edges; with many events keep a `Scheduler`, which gives the same.
 *
 * @throws as the constructor of Scheduler
 */
export function advance(
  nodes: readonly TaskNode[],
  state: RunState,
  event: RunEvent,
  executors: readonly ExecutorSlots[],
): { readonly state: RunState; readonly orders: readonly RunOrder[] } {
  const scheduler = new Scheduler(nodes, state, executors);
  const { orders } = scheduler.advance(event);
  return { state: scheduler.state, orders };
}

export class Scheduler {
  readonly #nodes: readonly TaskNode[];
  readonly #links: TaskLinks;
  readonly #ready: ReadyTasks;
  readonly #tasks: TaskState[];
  #phase: RunPhase;
  #result: RunResult;
  #stopping: boolean;

  /** Of each task: parents that have not ended. */
  readonly #waiting: Int32Array;
  /** Of each task: whether a parent that has ended matches none of its conditions. */
  readonly #unmatched: Uint8Array;
  /** Of each task: whether something above it is not as in the run that this one restarts. */
  readonly #changedAbove: Uint8Array;
  #ended = 0;
  /** A task failed whose failure is not ignored. */
  #hasFailed = false;
  /** A task was stopped by somebody: the run is no success. */
  #wasStopped = false;
  /** Tasks that nothing keeps waiting any more and that nobody has decided on. */
  #undecided: number[] = [];

  #orders: RunOrder[] = [];
  #changed = new Set<number>();

  /**
   * @param state of a run that begins, or that another process left: what it says is running holds its slots, and whoever takes
   *   the run over says by `ended` what became of it
   * @throws bad_input if a task could start nowhere, which would be a run that never ends
   * @throws internal if the nodes are no graph, or the state is of other tasks
   */
  constructor(nodes: readonly TaskNode[], state: RunState, executors: readonly ExecutorSlots[]) {
    if (state.tasks.length !== nodes.length) {
      throw new StrataError('internal', `a state of ${state.tasks.length} tasks for ${nodes.length}`);
    }
    refuseHomeless(nodes, state, executors);
    this.#nodes = nodes;
    this.#links = linkTasks(nodes);
    this.#ready = new ReadyTasks(nodes, this.#links, executors);
    this.#tasks = [...state.tasks];
    this.#phase = state.phase;
    this.#result = state.result;
    this.#stopping = state.stopping;
    this.#waiting = Int32Array.from(nodes, ({ parents }) => parents.length);
    this.#unmatched = new Uint8Array(nodes.length);
    this.#changedAbove = new Uint8Array(nodes.length);
    for (const task of this.#links.order) this.#recall(task);
  }

  get state(): RunState {
    return { phase: this.#phase, result: this.#result, stopping: this.#stopping, tasks: [...this.#tasks] };
  }

  get phase(): RunPhase {
    return this.#phase;
  }

  get result(): RunResult {
    return this.#result;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** @param task below the number of tasks */
  task(task: number): TaskState {
    return this.#tasks[task]!;
  }

  /** An event that does not fit, such as the end of a task that does not run, changes nothing: it may have come twice. */
  advance(event: RunEvent): Advance {
    this.#orders = [];
    this.#changed = new Set();
    this.#apply(event);
    if (this.#phase === 'running') {
      this.#decide();
      this.#dispatch();
      this.#conclude();
    }
    return { orders: this.#orders, changed: [...this.#changed] };
  }

  /** Parents come first, so each task finds its counters complete. */
  #recall(task: number): void {
    const { status, executor, waitingApproval, unchanged } = this.#tasks[task]!;
    if (hasEnded(status)) this.#count(task, status, unchanged);
    else if (status === 'running') this.#ready.occupy(executor);
    else if (this.#nodes[task]!.parents.length === 0 && !waitingApproval) this.#undecided.push(task);
  }

  #apply(event: RunEvent): void {
    switch (event.kind) {
      case 'start':
        if (this.#phase === 'queued') this.#phase = 'running';
        // Nobody knows whether what runs was told to stop before the run was taken over.
        if (this.#stopping && this.#phase === 'running') this.#stop();
        return;
      case 'ended':
        return this.#takeEnd(event.task, event.outcome, event.unchanged === true);
      case 'approve':
        return this.#approve(event.task);
      case 'cancel':
        return this.#cancel();
      default:
        unreachable(event);
    }
  }

  #takeEnd(task: number, outcome: 'success' | 'failed' | 'stopped', same: boolean): void {
    const state = this.#tasks[task];
    if (this.#phase !== 'running' || state?.status !== 'running') return;
    this.#ready.release(state.executor);
    this.#end(task, outcome, same && outcome === 'success' && this.#changedAbove[task] === 0);
  }

  #approve(task: number): void {
    const state = this.#tasks[task];
    if (this.#phase !== 'running' || state?.waitingApproval !== true) return;
    this.#set(task, { waitingApproval: false, approved: true });
    this.#ready.add(task);
  }

  #cancel(): void {
    if (this.#phase !== 'queued' && (this.#phase !== 'running' || this.#stopping)) return;
    if (this.#phase === 'queued') this.#phase = 'cancelled';
    else if (this.#result === 'unknown') this.#result = 'stopped';
    this.#stopping = true;
    this.#stop();
  }

  /** The one step that looks at all tasks. */
  #stop(): void {
    for (const task of this.#links.order) {
      const { status } = this.#tasks[task]!;
      if (status === 'notstarted') this.#end(task, 'cancelled', false);
      if (status === 'running') this.#orders.push({ kind: 'stop', task });
    }
  }

  /** Grows while it is read: what is skipped lets its children be decided. */
  #decide(): void {
    const tasks = this.#undecided;
    for (const task of tasks) {
      const { status, earlier, approved } = this.#tasks[task]!;
      if (status !== 'notstarted' || this.#stopping) continue;
      const { leftOut, approval } = this.#nodes[task]!;
      const same = this.#changedAbove[task] === 0;
      if (leftOut || this.#unmatched[task] !== 0) this.#end(task, 'skipped', same && earlier === 'skipped');
      else if (same && earlier === 'success') {
        this.#orders.push({ kind: 'reuse', task });
        this.#end(task, 'success', true);
      } else if (approval && !approved) this.#set(task, { waitingApproval: true });
      else this.#ready.add(task);
    }
    this.#undecided = [];
  }

  #dispatch(): void {
    if (this.#stopping) return;
    for (let next = this.#ready.take(); next !== undefined; next = this.#ready.take()) {
      this.#set(next.task, { status: 'running', executor: next.executor });
      this.#orders.push({ kind: 'start', ...next });
    }
  }

  #conclude(): void {
    // Known as soon as it is sure, and then for good: also a cancellation leaves it.
    if (this.#result === 'unknown' && this.#hasFailed) this.#result = 'failed';
    if (this.#ended < this.#tasks.length) return;
    this.#phase = 'finished';
    if (this.#result === 'unknown') this.#result = this.#wasStopped ? 'stopped' : 'success';
  }

  #end(task: number, status: TaskStatus, unchanged: boolean): void {
    this.#set(task, { status, unchanged, waitingApproval: false });
    this.#count(task, status, unchanged);
  }

  #count(task: number, status: TaskStatus, unchanged: boolean): void {
    const matches = matchBits(status);
    this.#ended++;
    if (status === 'stopped') this.#wasStopped = true;
    if (status === 'failed' && !this.#nodes[task]!.ignoreFailure) this.#hasFailed = true;
    const { first, children, wanted } = this.#links;
    for (let at = first[task]!; at < first[task + 1]!; at++) {
      const child = children[at]!;
      if ((wanted[at]! & matches) === 0) this.#unmatched[child] = 1;
      if (!unchanged) this.#changedAbove[child] = 1;
      if (--this.#waiting[child]! > 0) continue;
      const { status: now, waitingApproval } = this.#tasks[child]!;
      if (now === 'notstarted' && !waitingApproval) this.#undecided.push(child);
    }
  }

  #set(task: number, change: Partial<TaskState>): void {
    this.#tasks[task] = { ...this.#tasks[task]!, ...change };
    this.#changed.add(task);
  }
}

function refuseHomeless(
  nodes: readonly TaskNode[],
  state: RunState,
  executors: readonly ExecutorSlots[],
): void {
  if (isRunOver(state.phase)) return;
  const homes = new Set(executors.flatMap(({ name, slots }) => (slots > 0 ? [name] : [])));
  nodes.forEach(({ name, leftOut, executors: names }, task) => {
    const mayStart = state.tasks[task]!.status === 'notstarted' && !leftOut;
    if (!mayStart || names.some((each) => homes.has(each))) return;
    throw new StrataError('bad_input', `no executor can run the task ${name}`, {
      hint: 'Declare an executor whose type, arch and labels are those of its runtime.',
      details: { task: name, executors: names },
    });
  });
}
