/** When a clock is believed: the cases of docs/decisions/0024. */

import { describe, expect, it } from 'vitest';

import { judgeClock } from './clock-leap.ts';
import type { ClockRecord } from './clock-leap.ts';

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const NOW = 1000 * DAY;

/** Between two looks: the clock goes on by the first; so much has passed for sure, unless the machine was started anew. */
interface Step {
  readonly clock: number;
  readonly passed?: number;
  readonly reboot?: true;
}

/** @returns of each look whether the clock was believed, and the milliseconds that it waits for */
function looks(...steps: readonly Step[]): (true | number)[] {
  let at = { now: NOW, uptime: 10 * DAY, boots: 1 };
  let known: ClockRecord | undefined;
  const look = () => {
    const { record, verdict } = judgeClock(known, { ...at, boot: `boot ${at.boots}` });
    known = record;
    return verdict.believed || verdict.until - at.now;
  };
  look();
  return steps.map(({ clock, passed = 0, reboot = false }) => {
    const uptime = reboot ? MINUTE : at.uptime + passed;
    at = { now: at.now + clock, uptime, boots: at.boots + (reboot ? 1 : 0) };
    return look();
  });
}

/** Time that passes, by both clocks. */
const pass = (time: number): Step => ({ clock: time, passed: time });
const reboot = (off: number): Step => ({ clock: off, reboot: true });

describe('[W33] a clock that leaps ahead', () => {
  it.each<[what: string, steps: readonly Step[], verdicts: readonly (true | number)[]]>([
    ['by an hour', [{ clock: HOUR }], [true]],
    ['by 23 hours', [{ clock: 23 * HOUR }], [true]],
    ['by a day and no more', [{ clock: DAY }], [true]],
    ['by a day and a bit', [{ clock: DAY + 1 }], [HOUR]],
    ['by 25 hours', [{ clock: 25 * HOUR }, pass(59 * MINUTE), pass(MINUTE)], [HOUR, MINUTE, true]],
    ['by ten years', [{ clock: 10 * YEAR }, pass(HOUR - 1), pass(1), pass(DAY)], [HOUR, 1, true, true]],
    ['by ten years, and waits longer than it must', [{ clock: 10 * YEAR }, pass(5 * DAY)], [HOUR, true]],
    [
      'twice',
      [{ clock: 2 * DAY }, pass(50 * MINUTE), { clock: 2 * DAY }, pass(HOUR)],
      [HOUR, 10 * MINUTE, HOUR, true],
    ],
    ['by ten years, which it makes of an hour', [{ clock: 10 * YEAR, passed: HOUR }], [HOUR]],
    ['while nobody looks twice in an hour', [{ clock: 2 * DAY }, { clock: 2 * HOUR }], [HOUR, HOUR]],
  ])('%s', (_, steps, verdicts) => {
    expect(looks(...steps)).toEqual(verdicts);
  });
});

describe('[W34] a clock that is set right', () => {
  it.each<[what: string, steps: readonly Step[], verdicts: readonly (true | number)[]]>([
    [
      'after ten years ahead',
      [{ clock: 10 * YEAR }, { clock: MINUTE - 10 * YEAR, passed: MINUTE }],
      [HOUR, true],
    ],
    [
      'after ten years ahead, by a reboot',
      [{ clock: 10 * YEAR }, { clock: HOUR - 10 * YEAR, reboot: true }, pass(DAY)],
      [HOUR, true, true],
    ],
    [
      'nearly, after ten years ahead',
      [{ clock: 10 * YEAR }, { clock: 2 * DAY - 10 * YEAR }, pass(HOUR)],
      [HOUR, HOUR, true],
    ],
    // What was written meanwhile looks a year old.
    ['after a year back', [{ clock: -YEAR }, { clock: YEAR }, pass(HOUR)], [true, HOUR, true]],
    ['after an hour back', [{ clock: -HOUR }, { clock: HOUR }], [true, true]],
    ['and wrong again', [{ clock: 2 * DAY }, { clock: -2 * DAY }, { clock: 2 * DAY }], [HOUR, true, HOUR]],
  ])('%s', (_, steps, verdicts) => {
    expect(looks(...steps)).toEqual(verdicts);
  });
});

describe('[W35] time that passes', () => {
  it.each<[what: string, steps: readonly Step[], verdicts: readonly (true | number)[]]>([
    ['on a machine that stays on, or sleeps', [pass(3 * DAY), pass(YEAR)], [true, true]],
    ['and a clock that runs a little fast', [{ clock: 30 * DAY + HOUR, passed: 30 * DAY }], [true]],
    ['and a clock that leaps meanwhile', [{ clock: 5 * DAY, passed: 3 * DAY }], [HOUR]],
    ['over a reboot', [reboot(20 * HOUR)], [true]],
    ['while the machine is off for three days', [reboot(3 * DAY), pass(HOUR)], [HOUR, true]],
    [
      'over a reboot during the hour',
      [{ clock: 2 * DAY }, reboot(50 * MINUTE), pass(59 * MINUTE), pass(MINUTE)],
      [HOUR, HOUR, MINUTE, true],
    ],
    [
      'over a reboot, however long, during the hour',
      [{ clock: 2 * DAY }, reboot(3 * DAY), pass(HOUR)],
      [HOUR, HOUR, true],
    ],
    ['in a container that counts anew', [{ clock: 3 * DAY, passed: -DAY }], [HOUR]],
  ])('%s', (_, steps, verdicts) => {
    expect(looks(...steps)).toEqual(verdicts);
  });
});

it('[W33] says since when, until when, and how far', () => {
  const known = { seen: NOW, uptime: 0, boot: 'b', leapt: null, leap: 0 };
  const first = judgeClock(known, { now: NOW + 3 * DAY + MINUTE, uptime: MINUTE, boot: 'b' });
  const since = NOW + 3 * DAY + MINUTE;
  expect(first).toMatchObject({ hasLeapt: true, verdict: { since, until: since + HOUR, leap: 3 * DAY } });
  const second = judgeClock(first.record, { now: since + HOUR / 2, uptime: HOUR / 2 + MINUTE, boot: 'b' });
  expect(second).toMatchObject({ hasLeapt: false, verdict: { since, until: since + HOUR, leap: 3 * DAY } });
});

it('[W33] nothing is known of the first time', () => {
  const reading = { now: NOW, uptime: 0, boot: 'b' };
  expect(judgeClock(undefined, reading).verdict).toEqual({ believed: true, now: NOW, wasKnown: false });
});
