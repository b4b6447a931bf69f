/** Floor 5: agents at work: a session has a workspace, a runner for as long as it needs one, and outlives it. */

export type {
  Checkpoint,
  ExecResult,
  Labels,
  QuotaExceeded,
  RunnerInfo,
  SessionInfo,
  SessionRestore,
  SessionRetention,
} from './results.ts';
export { NEXT } from './states.ts';
