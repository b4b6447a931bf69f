/** The tasks of a run by number, with what is asked of its graph again and again. */

import { StrataError, nearNames } from '../base/index.ts';
import { PathSelector, graphOf, matchExecutors, matches } from '../plan/index.ts';
import type {
  ConflictPolicy,
  ExecutorDefinition,
  RunDefinition,
  TaskDefinition,
  TaskNode,
} from '../plan/index.ts';
import type { Selector } from '../tree/index.ts';
import { whenSource } from './request.ts';
import type { RunRequest, RunSource } from './request.ts';
import { checkVariables } from './environment.ts';

export interface GraphTask {
  readonly name: string;
  readonly level: number;
  readonly definition: TaskDefinition;
}

export class TaskGraph {
  readonly tasks: readonly GraphTask[];
  readonly #graph: ReturnType<typeof graphOf>;
  readonly #above = new Map<number, ReadonlySet<number>>();

  constructor(run: RunDefinition) {
    this.#graph = graphOf(run);
    const { levels } = this.#graph;
    this.tasks = run.tasks.map((definition, task) => ({
      name: definition.name,
      level: levels[task]!,
      definition,
    }));
  }

  /** All by level, then by name. */
  get order(): readonly number[] {
    return this.#graph.order;
  }

  numberOf(name: string): number | undefined {
    return this.#graph.numberOf(name);
  }

  /** @param run its id. @throws task_not_found */
  getNumber(run: string, name: string): number {
    const number = this.numberOf(name);
    if (number !== undefined) return number;
    throw noTask(
      run,
      name,
      this.tasks.map((task) => task.name),
    );
  }

  /** Numbers of all that it waits for, directly or not, in the order in which their layers are applied. */
  ancestors(task: number): readonly number[] {
    return this.#graph.ancestors(task);
  }

  /** In the order in which they start. */
  descendants(task: number): readonly number[] {
    return this.#graph.descendants([task]);
  }

  /** Whether `a` is an ancestor of `b`. */
  readonly precedes = (a: number, b: number): boolean => {
    let above = this.#above.get(b);
    if (above === undefined) this.#above.set(b, (above = new Set(this.ancestors(b))));
    return above.has(a);
  };

  /** Whether a task has a step that saves to the workspace. */
  saves(task: number): boolean {
    return this.tasks[task]!.definition.steps.some(({ kind }) => kind === 'save_to_workspace');
  }

  /** How the workspace of a task is put together: as its first restore step says. */
  policyOf(task: number): ConflictPolicy {
    const step = this.tasks[task]!.definition.steps.find(({ kind }) => kind === 'restore_workspace');
    return step?.kind === 'restore_workspace' ? step.onConflict : { kind: 'fail' };
  }

  /** Whether nothing keeps it from starting: executors, variables. @throws bad_input with all that is missing */
  checkStart(
    executors: readonly ExecutorDefinition[],
    { source, variables }: Pick<RunRequest, 'source' | 'variables'>,
  ): void {
    const nodes = this.nodes(executors, source);
    const tasks = this.tasks.filter((_, task) => !nodes[task]!.leftOut);
    checkVariables(
      tasks.map(({ definition }) => definition),
      variables,
    );
  }

  /** As the scheduler sees them. @throws bad_input with all tasks that nothing can run */
  nodes(executors: readonly ExecutorDefinition[], source: RunSource | undefined): TaskNode[] {
    const flaws: string[] = [];
    const nodes = this.tasks.map(({ definition }): TaskNode => {
      const { name, runtime, depends, ignoreFailure, approval, when } = definition;
      const leftOut = !matches(when, whenSource(source));
      const match = matchExecutors(runtime, executors);
      if ('flaw' in match && !leftOut) flaws.push(`${name}: ${match.flaw}`);
      return {
        name,
        parents: depends.map(({ task, conditions }) => ({ task: this.numberOf(task)!, conditions })),
        ignoreFailure,
        approval,
        leftOut,
        executors: 'flaw' in match ? [] : match.executors.map((each) => each.name),
      };
    });
    if (flaws.length === 0) return nodes;
    throw new StrataError(
      'bad_input',
      `nothing can run ${flaws.length === 1 ? 'a task' : 'some tasks'}:\n${flaws.join('\n')}`,
      {
        hint: 'Declare an executor of that type, arch and labels under `executors` in strata.yaml; `strata executors list` shows those that there are.',
        details: { tasks: flaws },
      },
    );
  }
}

export function noTask(run: string, task: string, names: readonly string[]): StrataError {
  const near = nearNames(task, names);
  return new StrataError('task_not_found', `${run} has no task ${JSON.stringify(task)}`, {
    hint:
      near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `\`strata runs get ${run}\` lists its tasks.`,
    details: { run, task, near },
  });
}

/** Of globs, as trees and walks ask for it. */
export function selectorOf(globs: readonly string[]): Selector {
  const selector = new PathSelector(globs);
  const answers = { take: 'all', enter: 'enter', skip: 'none' } as const;
  return (path, isDirectory) => answers[selector.select(path, isDirectory)];
}
