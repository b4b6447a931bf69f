/** The clock of the boot: it cannot be set, and goes on while the machine sleeps. */

import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

import type { MonotonicClock } from './world.ts';

export const bootClock: MonotonicClock = () => ({
  boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
  milliseconds: Math.round(uptime() * 1000),
});
