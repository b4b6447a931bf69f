/** What the status of a task is to the conditions of its children. */

import type { Condition } from './definition.ts';
import type { TaskStatus } from './run-state.ts';
import { conditionBits } from './task-node.ts';

/** Undefined: it has not ended. What was stopped or cancelled matches none. */
const MATCHES: Readonly<Record<TaskStatus, number | undefined>> = {
  notstarted: undefined,
  running: undefined,
  success: conditionBits(['on_success']),
  failed: conditionBits(['on_failure']),
  skipped: conditionBits(['on_skipped']),
  stopped: 0,
  cancelled: 0,
};

export function hasEnded(status: TaskStatus): boolean {
  return MATCHES[status] !== undefined;
}

/** The conditions that it matches, see `conditionBits`. */
export function matchBits(status: TaskStatus): number {
  return MATCHES[status] ?? 0;
}

export function matchesEdge(status: TaskStatus, conditions: readonly Condition[]): boolean {
  return (matchBits(status) & conditionBits(conditions)) !== 0;
}
