/** Floor 3: a directory on disk becomes a tree, and a tree becomes a directory on disk. */

export { Below } from './below.ts';
export { differsFromTree } from './differs.ts';
export type { DiffersOptions } from './differs.ts';
export { leavingOut, warnings } from './left-out.ts';
export type { LeftOut, LeftOutReason } from './left-out.ts';
export type { Progress } from './pace.ts';
export { removeTree } from './remove.ts';
export { restoreTree } from './restore.ts';
export type { RestoreOptions, RestoreReport } from './restore.ts';
export { RestoreAhead } from './restore-ahead.ts';
export { ScanAhead } from './scan-ahead.ts';
export type { Remembered } from './scan-ahead.ts';
export { scanDirectory } from './scan.ts';
export type { ScanOptions, ScanReport, StatMemory } from './scan.ts';
export type { Plan } from './survey.ts';
export type { Tally } from './tally.ts';
