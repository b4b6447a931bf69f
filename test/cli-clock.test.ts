/** A clock that has leapt, as commands tell of it. What was last seen is set back: that is the same leap. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { ISO, openCommandLine } from './command-line.fixture.ts';

const HOUR = 60 * 60 * 1000;
const DAYS = 24 * HOUR;
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const { base, home, strata, answer, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

function change(statement: string): void {
  using database = new DatabaseSync(join(home, 'db/strata.db'));
  database.exec(statement);
}

const leap = (by: number) => change(`UPDATE clock SET seen = seen - ${by}`);
/** By the clock of the boot. */
const pass = (time: number) => change(`UPDATE clock SET leapt = leapt - ${time}`);

const DOUBT = {
  since: ISO,
  until: ISO,
  leapSeconds: expect.toBeOneOf([259_200, 259_199, 259_201]) as number,
};
const WHY =
  /^nothing is (.*) until .* \(in (?:1 h 0|5\d) min.*\): the clock is more than [23] days ahead of what is known to have passed$/m;
const REMEDY =
  /^It was set, or the machine was off\. If it is right, `store gc --accept-clock` says so, .*$/m;

beforeAll(() => {
  write('tree/a', 'a');
  for (let n = 0; n < 3; n++) answer('workspaces', 'save', 'tree', '-w', 'web');
  expect(answer('store', 'gc')).toMatchObject({ clock: null, dryRun: false });
});

it('[C38] gc waits for an hour, says why and until when, and goes on', () => {
  leap(3 * DAYS);
  for (const flags of [['--dry-run'], ['--margin', '0']]) {
    const { status, stdout, stderr } = strata('store', 'gc', ...flags);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('\nnothing was changed\n');
    expect(stdout).toMatch(WHY);
    expect(stdout).toMatch(REMEDY);
  }
  expect(answer('store', 'gc')).toMatchObject({ clock: DOUBT, dryRun: true });
  expect(strata('events', '--since', '3').stdout).toMatch(
    /^\S+ \S+ {2}clock\.leapt {11}- .* the clock is more than [23] days ahead of .*; nothing goes by its age until \d{4}-\d\d-\d\d \d\d:\d\d\n$/,
  );
  pass(HOUR);
  expect(answer('store', 'gc')).toMatchObject({ clock: null, dryRun: false });
});

it('[C38] forget by age waits as well, and somebody can say that the clock is right', () => {
  leap(3 * DAYS);
  const forget = ['workspaces', 'forget', 'web', '--keep-within', '0'];
  const { status, stdout } = strata(...forget);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^forgot 0 snapshots of web\n3 snapshots stay\n/);
  expect(stdout).toMatch(WHY);
  expect(answer(...forget)).toEqual({ workspace: 'web', forgotten: [], kept: [1, 2, 3], clock: DOUBT });
  expect(answer('store', 'gc', '--accept-clock')).toMatchObject({ clock: null, dryRun: false });
  expect(answer(...forget)).toEqual({ workspace: 'web', forgotten: [1, 2], kept: [3], clock: null });
});
