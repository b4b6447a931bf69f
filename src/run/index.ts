/** Floor 5: runs: graphs of tasks that hand each other files by layers of a workspace. */

export type { ConductOptions } from './conductor.ts';
export { Conductor } from './conductor.ts';
export { approveTask, cancelRun } from './control.ts';
export type { Fault } from './fault.ts';
export { Logs } from './logs.ts';
export { planRestartOf, restartRun } from './restart.ts';
export type { PlannedRestart, RestartOptions } from './restart.ts';
export type { RunRequest, RunSettings, RunSource } from './request.ts';
export { resumeRun } from './resume.ts';
export type { ResumeOptions } from './resume.ts';
export { expireLayers, removeRun } from './retention.ts';
export { findRunTree } from './run-tree.ts';
export { pinSource } from './pin-source.ts';
export { resolveSource } from './source.ts';
export { uncommittedChanges } from './uncommitted.ts';
export { readLogs } from './read-logs.ts';
export type { LogPart } from './read-logs.ts';
export { planRun } from './run-plan.ts';
export type { PlannedStep, PlannedTask, RunPlan } from './run-plan.ts';
export { beginRun, prepareRun, refuseLeftOut } from './start.ts';
export type { Prepared } from './start.ts';
export { listRuns, showRun } from './view.ts';
export type { ListRunsOptions } from './view.ts';
export type { LayerInfo, RunInfo, RunSummary, SourceInfo, TaskInfo } from './view.ts';
export { explainRunPath } from './why.ts';
export type { PathWriter, RunPathHistory } from './why.ts';
export type { RunWorld } from './world.ts';
