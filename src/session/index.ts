/** Floor 5: agents at work: a session has a workspace, a runner for as long as it needs one, and outlives it. */

export { checkpointSession } from './checkpoint.ts';
export { createSession } from './create.ts';
export type { Origin } from './create.ts';
export { doWhatIsQuick, doWhatIsSlow, expireSessions, isSlowDue } from './due.ts';
export { isAnyToExpire } from './expire.ts';
export { forgetSessions } from './forget-tenant.ts';
export { execInSession } from './exec.ts';
export { forkSession } from './fork.ts';
export { MOBILITIES, STORAGE_TYPES } from './mobility.ts';
export { checkNewSession } from './new-session.ts';
export type { NewSession } from './new-session.ts';
export { ask } from './requests.ts';
export type { RequestKind } from './requests.ts';
export { restoreSession, restoredChanges } from './restore.ts';
export type {
  Checkpoint,
  ExecResult,
  Labels,
  QuotaExceeded,
  RestoredSession,
  RunnerInfo,
  SessionInfo,
  SessionRestore,
} from './results.ts';
export { resumeSession } from './resume.ts';
export type { ResumeOptions } from './resume.ts';
export { getLiveSession, getSession, newSessionId } from './rows.ts';
export {
  becomeRunner,
  enterHome,
  getRunner,
  leaveRunner,
  listRunners,
  runnerWithId,
  isThere,
} from './runner-rows.ts';
export type { RunnerWish } from './runner-rows.ts';
export { serve } from './serve.ts';
export type { RequestArguments, ServeWorld } from './serve.ts';
export { syncSession } from './sync.ts';
export { suspendSession } from './suspend.ts';
export { holdSession, terminateSession, undeleteSession } from './terminate.ts';
export type { TerminateOptions } from './terminate.ts';
export { labelsOf, listSessions, showSession } from './view.ts';
