/** All rows of the proof. */

import { bitRot } from './bit-rot.ts';
import { collectSaves } from './collect-saves/collect-saves.row.ts';
import { hostile } from './hostile/hostile.row.ts';
import { killCollect } from './kill-collect.ts';
import { killForget } from './kill-forget.ts';
import { killRestore } from './kill-restore.ts';
import { killSave } from './kill-save.ts';
import { merge } from './merge/merge.row.ts';
import { model } from './model/model.row.ts';
import { powerCut, powerCutControl } from './power-cut.ts';
import type { ProofRow } from './row.ts';
import { schedule } from './schedule/schedule.row.ts';
import { serviceFaults } from './service/service-faults.row.ts';
import { serviceKills } from './service/service-kills.row.ts';
import { sessions } from './sessions/sessions.row.ts';
import { swapRace } from './swap-race.ts';
import { syscalls } from './syscalls.ts';

export const ROWS: readonly ProofRow[] = [
  killSave,
  killRestore,
  killCollect,
  killForget,
  powerCut,
  powerCutControl,
  syscalls,
  bitRot,
  swapRace,
  model,
  schedule,
  collectSaves,
  hostile,
  merge,
  sessions,
  serviceFaults,
  serviceKills,
];
