/** Floor 5: agents at work: a session has a workspace, a runner for as long as it needs one, and outlives it. */

export { checkpointSession } from './checkpoint.ts';
export type { CheckpointOptions } from './checkpoint.ts';
export { createSession } from './create.ts';
export type { Origin } from './create.ts';
export { doWhatIsQuick, doWhatIsSlow, expireSessions, isSlowDue } from './due.ts';
export { isAnyToExpire } from './expire.ts';
export { forgetSessions } from './forget-tenant.ts';
export { SHOWN_WORKSPACE, execInSession } from './exec.ts';
export type { TaskOptions } from './exec.ts';
export { forkSession } from './fork.ts';
export { renewLeases } from './lease.ts';
export { MOBILITIES, STORAGE_TYPES } from './mobility.ts';
export { checkNewSession } from './new-session.ts';
export type { NewSession } from './new-session.ts';
export { ask } from './requests.ts';
export type { AskOptions, RequestKind } from './requests.ts';
export { restoreSession, restoredChanges } from './restore.ts';
export type { RestoreSessionOptions } from './restore.ts';
export type {
  Checkpoint,
  ExecResult,
  Labels,
  QuotaExceeded,
  RestoredChanges,
  RestoredSession,
  RunnerInfo,
  SessionInfo,
  SessionRestore,
  SessionRetention,
} from './results.ts';
export { resumeSession } from './resume.ts';
export type { ResumeOptions } from './resume.ts';
export { getLiveSession, getSession, newSessionId } from './rows.ts';
export { becomeRunner, enterHome, getRunner, leaveRunner, listRunners, stateOf } from './runner-rows.ts';
export type { RunnerWish } from './runner-rows.ts';
export { serve } from './serve.ts';
export type { RequestArguments, ServeWorld } from './serve.ts';
export { NEXT } from './states.ts';
export { syncSession } from './sync.ts';
export { suspendSession } from './suspend.ts';
export type { SuspendOptions } from './suspend.ts';
export { holdSession, terminateSession, undeleteSession } from './terminate.ts';
export type { TerminateOptions } from './terminate.ts';
export { listSessions, showSession } from './view.ts';
export type { ExecutorWish, Nearest, RunnerSelf, SessionWorld } from './world.ts';
