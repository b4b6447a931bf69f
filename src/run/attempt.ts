/**
 * One attempt of a task: a place of its own, its steps one after another, and nothing left behind. Whatever ends it early, a layer that it
 * has saved by then is whole.
 */

import { mkdirSync, rmSync } from 'node:fs';

import { StrataError, systemError, throwIfAborted } from '../base/index.ts';
import type { Executor, Place, PlaceOptions } from '../exec/index.ts';
import { matches } from '../plan/index.ts';
import type { ConflictPolicy, Runtime, StepDefinition, StepKind, TaskDefinition } from '../plan/index.ts';
import { environmentOf } from './environment.ts';
import { faultOf } from './fault.ts';
import type { Fault } from './fault.ts';
import { Limit } from './limit.ts';
import type { LogWriter } from './logs.ts';
import type { RunRequest } from './request.ts';
import { whenSource } from './request.ts';
import type { SavedLayer } from './saved-layer.ts';
import { restoreCache, saveCache } from './step-cache.ts';
import { cloneSource } from './step-clone.ts';
import { restoreWorkspace } from './step-restore.ts';
import { runCommand } from './step-run.ts';
import { saveWorkspace } from './step-save.ts';
import { attemptDirectory } from './sweep.ts';
import type { TaskInput } from './task-input.ts';
import { makeBelowHome, taskDirectory } from './working-dir.ts';
import { Given } from './given.ts';
import type { RunWorld } from './world.ts';

/** What an attempt works on. */
export interface Assignment {
  readonly world: RunWorld;
  readonly run: { readonly id: string; readonly request: RunRequest };
  readonly task: {
    readonly id: string;
    readonly definition: TaskDefinition;
    readonly attempt: number;
  };
  /** @throws what keeps it from running anything here */
  readonly executor: () => Promise<Executor>;
  readonly arch: string;
  readonly input: TaskInput;
  /** How its workspace is put together. */
  readonly policy: ConflictPolicy;
  /** @param digest of all that its ancestors have saved; undefined where they disagree */
  readonly onInput: (digest: string | undefined) => Promise<void>;
  readonly onProgress: (progress: StepProgress) => void;
  readonly onLayer: (layer: SavedLayer) => void;
}

export interface StepProgress {
  readonly step: string;
  readonly savedBytes: number;
  readonly restoredBytes: number;
}

/** What a step has around it. */
export interface StepContext extends Assignment {
  readonly place: Place;
  /** What was restored so far. */
  readonly given: Given;
  readonly log: LogWriter;
  readonly number: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly restored: (bytes: number) => void;
  readonly saved: (bytes: number) => void;
}

export type AttemptOutcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'stopped' };

type Step<Kind extends StepKind> = Extract<StepDefinition, { kind: Kind }>;

const STEPS: { readonly [Kind in StepKind]: (context: StepContext, step: Step<Kind>) => Promise<void> } = {
  clone: cloneSource,
  run: runCommand,
  save_to_workspace: saveWorkspace,
  restore_workspace: restoreWorkspace,
  save_cache: saveCache,
  restore_cache: restoreCache,
};

/** @param signal stops it. @throws mistakes of ours alone */
export async function attemptTask(assignment: Assignment, signal: AbortSignal): Promise<AttemptOutcome> {
  const { timeout } = assignment.task.definition;
  using limit = new Limit(timeout);
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    await runSteps(assignment, either);
    return { kind: 'success' };
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    if (limit.isOver) return { kind: 'failed', fault: faultOf(timedOut(timeout!)) };
    return { kind: 'failed', fault: faultOf(error) };
  }
}

async function runSteps(assignment: Assignment, signal: AbortSignal): Promise<void> {
  const { world, run, task, input, policy } = assignment;
  const { definition, attempt } = task;
  const { variables } = run.request;
  const own = {
    CI: 'true',
    STRATA_RUN_ID: run.id,
    STRATA_TASK_ID: task.id,
    STRATA_TASK_NAME: definition.name,
    STRATA_ARCH: assignment.arch,
  };
  const environment = { ...own, ...environmentOf(definition.environment, variables) };
  const directory = attemptDirectory(world, run.id, task.id, attempt);
  const containers = containersOf(definition.runtime, variables);
  // Both wait for others.
  const [executor] = await Promise.all([
    assignment.executor(),
    input.digest(policy, { signal }).then((digest) => assignment.onInput(digest)),
  ]);
  await using place = await placeIn(executor, { directory, containers, signal });
  // Also a first step that is no command finds it.
  makeBelowHome({ place, task }, taskDirectory(definition.workingDir, place.home));
  const given = new Given();
  let restoredBytes = 0;
  let savedBytes = 0;
  for (const [number, step] of definition.steps.entries()) {
    throwIfAborted(signal);
    if (!matches(step.when, whenSource(run.request.source))) continue;
    const tell = () => assignment.onProgress({ step: step.name, savedBytes, restoredBytes });
    tell();
    using log = world.logs.writer(run.id, task.id, attempt, number);
    const context: StepContext = {
      ...assignment,
      place,
      given,
      log,
      number,
      environment,
      signal,
      restored: (bytes) => {
        restoredBytes += bytes;
        tell();
      },
      saved: (bytes) => {
        savedBytes += bytes;
        tell();
      },
    };
    try {
      await (STEPS[step.kind] as (context: StepContext, step: StepDefinition) => Promise<void>)(
        context,
        step,
      );
    } catch (error) {
      if (error instanceof StrataError) log.line(`error: ${error.message}`);
      throw error;
    }
  }
}

/** A directory of its own, which is gone again if there is no place for it. */
async function placeIn(executor: Executor, options: PlaceOptions): Promise<Place> {
  const { directory } = options;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return await executor.place(options);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw systemError(error, `make ${directory}`);
  }
}

function containersOf(runtime: Runtime, variables: RunRequest['variables']) {
  if (runtime.type === 'host') return undefined;
  return runtime.containers.map(({ image, environment, user, privileged, entrypoint, volumes }) => ({
    image,
    environment: environmentOf(environment, variables),
    user,
    privileged,
    entrypoint,
    tmpfs: volumes.map(({ path, tmpfs }) => ({ path, bytes: tmpfs.bytes })),
  }));
}

function timedOut(milliseconds: number): StrataError {
  return new StrataError('timed_out', `it took longer than ${milliseconds / 1000} s`, {
    hint: 'Give it more time with `task_timeout_interval`, or see in its log what it waited for.',
    details: { milliseconds },
  });
}
