/** What one reads of the rounds of sessions: medians of figures, and of ratios inside a round, with what they should be. */

import type { Figure } from './results.ts';
import { median } from './statistics.ts';

/** Of one round. Seconds and bytes. What is missing was not measured. */
export interface SessionSamples {
  /** Of the quota, as in `filesystem`. */
  means: string;
  /** `find -printf`, and the start of Node. */
  look?: number;
  suspend?: number;
  /** What the suspension added to the store. */
  added?: number;
  tar?: number;
  resume?: number;
  /** `strata version`. */
  start?: number;
  /** `strata sessions get`, which opens the home and reads a row. */
  open?: number;
  plan?: number;
  fork?: number;
  serviceLook?: number;
  serviceSuspend?: number;
  requests?: number;
  sent?: number;
  /** In which a request was under way. */
  waited?: number;
  serviceResume?: number;
  restic?: number;
}

type Formula = (given: (key: Exclude<keyof SessionSamples, 'means'>) => number) => number;

interface Row extends Omit<Figure, 'value' | 'note'> {
  readonly of: Formula;
  readonly note: string | ((rounds: readonly SessionSamples[]) => string);
}

const ROWS: readonly Row[] = [
  {
    name: 'a session suspends after one edited line',
    unit: 's',
    of: (given) => given('suspend'),
    note: ([{ means = '' } = { means: '' }]) => `modules, see above; its quota is kept by ${means}`,
  },
  {
    name: 'by find -printf and the start of Node',
    unit: '×',
    of: (given) => given('suspend') / given('look'),
    note: 'store on the disk; target ≤ 1.6×, and what the store takes',
  },
  {
    name: 'what that adds to the store',
    unit: 'KB',
    of: (given) => given('added') / 1e3,
    note: 'target < 256 KB',
  },
  {
    name: 'the same with the store on a service',
    unit: 's',
    of: (given) => given('serviceSuspend'),
    note: (rounds) =>
      `${valuesOf(rounds, (given) => given('requests')).join(', ')} requests; one is under way for ${milliseconds(rounds, 'waited')} ms`,
  },
  {
    name: 'without its requests, by find -printf and the start of Node',
    unit: '×',
    of: (given) => (given('serviceSuspend') - given('waited')) / given('serviceLook'),
    note: 'target ≤ 1.6×',
  },
  {
    name: 'what that sends',
    unit: 'KB',
    of: (given) => given('sent') / 1e3,
    note: 'with all headers; target < 256 KB',
  },
  {
    name: 'another runner resumes it, store on the disk',
    unit: 's',
    of: (given) => given('resume'),
    note: 'page cache warm',
  },
  {
    name: 'by tar x of the same tree',
    unit: '×',
    of: (given) => given('resume') / given('tar'),
    note: 'not compressed; target ≤ 1.1×',
  },
  {
    name: 'another runner resumes it from a service',
    unit: 's',
    of: (given) => given('serviceResume'),
    note: 'nothing of it is cached',
  },
  {
    name: 'restic restore from there, by that',
    unit: '×',
    of: (given) => given('restic') / given('serviceResume'),
    note: 'its time; target > 1×',
  },
  {
    name: 'a fork, beyond strata version',
    unit: 'ms',
    of: (given) => (given('fork') - given('start')) * 1000,
    note: (rounds) => `strata version: ${milliseconds(rounds, 'start')} ms; target < 50 ms`,
  },
  {
    name: 'the same, beyond strata sessions get',
    unit: 'ms',
    of: (given) => (given('fork') - given('open')) * 1000,
    note: (rounds) => `what any command takes to open the home: ${milliseconds(rounds, 'open')} ms`,
  },
  {
    name: 'restore --dry-run, beyond strata version',
    unit: 'ms',
    of: (given) => (given('plan') - given('start')) * 1000,
    note: 'target < 50 ms',
  },
  {
    name: 'the same, beyond strata sessions get',
    unit: 'ms',
    of: (given) => (given('plan') - given('open')) * 1000,
    note: 'two snapshots are compared, whatever they hold',
  },
];

export function figuresOf(rounds: readonly SessionSamples[]): Figure[] {
  return ROWS.flatMap(({ name, unit, of, note }) => {
    const values = valuesOf(rounds, of);
    if (values.length === 0) return [];
    return [{ name, value: median(values), unit, note: typeof note === 'string' ? note : note(rounds) }];
  });
}

function valuesOf(rounds: readonly SessionSamples[], of: Formula): number[] {
  return rounds.map((round) => of((key) => round[key] ?? NaN)).filter((value) => !Number.isNaN(value));
}

function milliseconds(rounds: readonly SessionSamples[], key: 'waited' | 'start' | 'open'): string {
  return (median(valuesOf(rounds, (given) => given(key))) * 1000).toFixed();
}
