/** What has to hold between the tasks of a run. All that does not is told. */

import { oneLine } from '../base/index.ts';
import type { Place } from '../base/index.ts';
import { findCycles } from './graph.ts';
import { nearTasks } from './task-reader.ts';
import type { PlacedDependency, PlacedTask } from './task-reader.ts';

/** Cycles that are told, and names of each. */
const MAX_CYCLES = 20;
const MAX_CYCLE_NAMES = 8;

export function checkRun(tasks: readonly PlacedTask[], place: Place): void {
  const numbers = new Map<string, number>();
  for (const [at, { task, node, place: inner }] of tasks.entries()) {
    if (numbers.has(task.name)) inner.remark(node.offset, `there are two tasks named ${oneLine(task.name)}`);
    else numbers.set(task.name, at);
  }
  const names = [...numbers.keys()];
  const unknown = (offset: number, called: string, at: Place) =>
    void at.remark(offset, `${at} names the task ${oneLine(called)}, which is not in this run`, {
      near: () => nearTasks(called, names),
    });

  const parents = tasks.map(({ task, depends }) => {
    const known: number[] = [];
    const seen = new Set<string>();
    for (const { task: parent, offset, place: at } of depends) {
      const number = numbers.get(parent);
      if (seen.has(parent)) at.remark(offset, `${at} names ${oneLine(parent)} a second time`);
      else if (parent === task.name) at.remark(offset, `${at}: the task ${oneLine(parent)} waits for itself`);
      else if (number === undefined) unknown(offset, parent, at);
      else known.push(number);
      seen.add(parent);
    }
    return known;
  });
  const cycles = findCycles(parents, MAX_CYCLES);
  for (const cycle of cycles) tellCycle(cycle, tasks, place);
  // Ancestors are known when there are no cycles.
  if (cycles.length === 0) checkRestores(tasks, parents, numbers, unknown);
}

function tellCycle(cycle: readonly number[], tasks: readonly PlacedTask[], place: Place): void {
  const called = (task: number) => oneLine(tasks[task]!.task.name);
  const shown = cycle.slice(0, MAX_CYCLE_NAMES).map(called);
  if (cycle.length > MAX_CYCLE_NAMES) shown.push(`… ${cycle.length - MAX_CYCLE_NAMES} more …`);
  const { node, depends } = tasks[cycle[0]!]!;
  const next = tasks[cycle[1]!]?.task.name;
  const edge: PlacedDependency | undefined = depends.find(({ task }) => task === next);
  const text = [...shown, called(cycle[0]!)].join(' → ');
  place.remark(edge?.offset ?? node.offset, `${place}: tasks wait for each other in a circle: ${text}`);
}

/** A restore names tasks whose layers it has to see. */
function checkRestores(
  tasks: readonly PlacedTask[],
  parents: readonly (readonly number[])[],
  numbers: ReadonlyMap<string, number>,
  unknown: (offset: number, called: string, at: Place) => void,
): void {
  for (const [at, { task, steps }] of tasks.entries()) {
    let ancestors: Uint8Array | undefined;
    for (const { step, offset, place } of steps) {
      if (step.kind !== 'restore_workspace') continue;
      const { tasks: only = [], onConflict } = step;
      const wanted = new Set([...only, ...(onConflict.kind === 'prefer' ? onConflict.tasks : [])]);
      for (const called of wanted) {
        const number = numbers.get(called);
        ancestors ??= ancestorsOf(at, parents);
        if (number === undefined) unknown(offset, called, place);
        else if (ancestors[number] !== 1) {
          const [from, to] = [oneLine(called), oneLine(task.name)];
          place.remark(
            offset,
            `${place} restores from ${from}, which ${to} does not wait for: add it to depends`,
          );
        }
      }
    }
  }
}

function ancestorsOf(task: number, parents: readonly (readonly number[])[]): Uint8Array {
  const seen = new Uint8Array(parents.length);
  const pending = [task];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const parent of parents[at]!) {
      if (seen[parent] === 1) continue;
      seen[parent] = 1;
      pending.push(parent);
    }
  }
  return seen;
}
