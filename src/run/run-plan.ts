/** What a run would do, as far as it can be known before. */

import type { ExecutorDefinition } from '../plan/index.ts';
import { missingVariables } from './environment.ts';
import { foreseen } from './foreseen.ts';
import type { RunRequest } from './request.ts';
import type { Prepared } from './start.ts';

export interface RunPlan {
  readonly name: string;
  /** Variables without which it cannot start, by the first task that wants each. */
  readonly missing: readonly { readonly variable: string; readonly task: string }[];
  /** What will go wrong, as far as the file tells. */
  readonly warnings: readonly string[];
  /** By level, then by name. */
  readonly tasks: readonly PlannedTask[];
}

export interface PlannedTask {
  readonly name: string;
  readonly level: number;
  /** Direct ones. */
  readonly depends: readonly string[];
  /** Its `when` leaves it out. */
  readonly leftOut: boolean;
  readonly approval: boolean;
  /** Those that can run it. */
  readonly executors: readonly string[];
  readonly steps: readonly PlannedStep[];
}

export interface PlannedStep {
  readonly name: string;
  readonly kind: string;
  /** Of a restore: the tasks whose layers it puts together, in that order, and what it does where they differ. */
  readonly sees?: readonly string[];
  readonly onConflict?: string;
}

/** @throws bad_input with all tasks that nothing can run */
export function planRun(
  { definition, graph }: Prepared,
  executors: readonly ExecutorDefinition[],
  { source, variables }: Pick<RunRequest, 'source' | 'variables'>,
): RunPlan {
  const nodes = graph.nodes(executors, source);
  const tasks = graph.order.map((task): PlannedTask => {
    const { name, level, definition: own } = graph.tasks[task]!;
    const node = nodes[task]!;
    return {
      name,
      level,
      depends: own.depends.map((each) => each.task),
      leftOut: node.leftOut,
      approval: node.approval,
      executors: node.executors,
      steps: own.steps.map((step): PlannedStep => {
        if (step.kind !== 'restore_workspace') return { name: step.name, kind: step.kind };
        const sees = graph
          .ancestors(task)
          .filter((ancestor) => graph.saves(ancestor) && !nodes[ancestor]!.leftOut)
          .map((ancestor) => graph.tasks[ancestor]!.name)
          .filter((each) => step.tasks?.includes(each) !== false);
        return { name: step.name, kind: step.kind, sees, onConflict: step.onConflict.kind };
      }),
    };
  });
  const wanting = graph.order
    .filter((task) => !nodes[task]!.leftOut)
    .map((task) => graph.tasks[task]!.definition);
  const missing = [...missingVariables(wanting, variables)].map(([variable, task]) => ({ variable, task }));
  return {
    name: definition.name,
    missing,
    warnings: foreseen(definition.tasks, { source, variables }),
    tasks,
  };
}
