/** Ground: what a run file says, as values. Its tasks, their graph, conditions, globs and executors. No disk, no process. */

export { evaluateCacheKey, isCacheKeyFlaw, parseCacheKey } from './cache-key.ts';
export type { CacheKey, CacheKeyFlaw, CacheKeyWorld } from './cache-key.ts';
export { CONDITIONS } from './definition.ts';
export type * from './definition.ts';
export { resolveEnvironment } from './environment.ts';
export type { MissingVariable } from './environment.ts';
export { executorsReader, matchExecutor, matchExecutors } from './executors.ts';
export type { Match } from './executors.ts';
export { graphOf } from './graph.ts';
export type { RunGraph } from './graph.ts';
export { PathSelector } from './paths.ts';
export type { Selection } from './paths.ts';
export { planRestart, restartState } from './restart.ts';
export type { RestartMode, RestartPlan, RestartProblem } from './restart.ts';
export { readRunFile, runFileSchema } from './run-file.ts';
export type * from './run-state.ts';
export { isRunOver, newRunState } from './run-state.ts';
export { Scheduler } from './scheduler.ts';
export type { TaskNode } from './task-node.ts';
export { hasEnded, matchesEdge } from './task-status.ts';
export { matches } from './when.ts';
export type { RunSource } from './when.ts';
