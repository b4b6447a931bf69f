/** Which means there are, and which work here. */

import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import {
  HOLDER_PATTERN,
  StrataError,
  fateOf,
  isStrataError,
  makeDirectories,
  systemError,
  thisProcess,
} from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { filesystem } from './filesystem.ts';
import type { Means } from './means.ts';
import { project } from './project.ts';
import type { MeansName, QuotaMeans } from './quota.ts';
import { watch } from './watch.ts';

/** The strongest first. */
const ALL: Readonly<Record<MeansName, Means>> = { filesystem, project, watch };

/** Of the place that is opened to try means out: bytes. */
const TRIAL_LIMIT = 1024 * 1024;
const TRIAL = new RegExp(`^\\.quota-trial-(${Object.keys(ALL).join('|')})-(${HOLDER_PATTERN})-\\d+$`);

/** By means and directory: why they do not work, once that is known. */
const outcomes = new Map<string, string | undefined>();
let trials = 0;

/** For a place that was made with it before. */
export function meansNamed(name: MeansName): QuotaMeans {
  return ALL[name];
}

/**
 * @param baseDir where places are to be; it is made if it is missing. Means are tried out in it, once in this process
 * @param wanted `auto`: the strongest that works there
 * @throws unavailable if that does not work there, and says why; disk_full, …
 */
export async function chooseMeans(
  baseDir: string,
  wanted: 'auto' | MeansName,
  options: Cancellable = {},
): Promise<QuotaMeans> {
  const directory = resolve(baseDir);
  makeBase(directory);
  const reasons: string[] = [];
  for (const means of wanted === 'auto' ? Object.values(ALL) : [ALL[wanted]]) {
    const reason = await whyNot(means, directory, options);
    if (reason === undefined) return means;
    reasons.push(`${means.name}: ${reason}`);
  }
  throw new StrataError('unavailable', `no quota can be kept in ${baseDir} by ${reasons.join('; ')}`, {
    hint: wanted === 'auto' ? ALL.watch.needs : `${ALL[wanted].needs} Or take the means \`auto\`.`,
    details: { baseDir, wanted, reasons },
  });
}

async function whyNot(means: Means, baseDir: string, options: Cancellable): Promise<string | undefined> {
  const key = `${means.name} ${baseDir}`;
  if (!outcomes.has(key)) {
    await sweepTrials(baseDir, options);
    outcomes.set(key, await means.whyNot(baseDir, () => tryOut(means, baseDir, options)));
  }
  return outcomes.get(key);
}

/** @returns why it does not work */
async function tryOut(means: Means, baseDir: string, options: Cancellable): Promise<string | undefined> {
  const place = join(baseDir, `.quota-trial-${means.name}-${thisProcess()}-${++trials}`);
  try {
    await means.open(place, TRIAL_LIMIT, options);
    await means.close(place);
    await means.remove(place);
    return undefined;
  } catch (error) {
    // What cannot be put away by these means is no more than directories by now.
    await means.remove(place).catch(() => ALL.watch.remove(place));
    if (isStrataError(error, 'unavailable') || isStrataError(error, 'unreadable')) return error.message;
    throw error;
  }
}

/** Of processes that died while they tried. */
async function sweepTrials(baseDir: string, options: Cancellable): Promise<void> {
  for (const name of readdirSync(baseDir)) {
    const [, means, holder] = TRIAL.exec(name) ?? [];
    if (means === undefined || holder === undefined || fateOf(holder) !== 'dead') continue;
    // What cannot be taken away today is none of this one's business.
    await ALL[means as MeansName].remove(join(baseDir, name), options).catch(() => undefined);
  }
}

function makeBase(directory: string): void {
  try {
    makeDirectories(directory);
  } catch (error) {
    throw systemError(error, `make ${directory}`);
  }
}
