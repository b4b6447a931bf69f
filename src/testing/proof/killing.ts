/** Ending a command by SIGKILL somewhere inside of what it does. */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Chance } from './chance.ts';
import { prepareFault } from './fault.ts';
import type { Site } from './site.ts';

/** How long a command takes when nobody ends it, from its first change of the disk. */
export interface Length {
  /** Of the disk. */
  readonly changes: number;
  readonly milliseconds: number;
}

export interface Killed {
  /** `at a call`, just before its n-th change of the disk; `at a moment`, from outside; or it had `ended before`. */
  readonly how: 'at a call' | 'at a moment' | 'ended before';
  /** When and where, to tell somebody who has to find out why. */
  readonly told: string;
}

/** @param prepare puts everything in its place: a command is not as slow the second time, when Node has it compiled */
export async function measure(site: Site, words: readonly string[], prepare: () => unknown): Promise<Length> {
  await prepare();
  const first = await measureOnce(site, words);
  await prepare();
  const second = await measureOnce(site, words);
  return { ...second, milliseconds: Math.min(first.milliseconds, second.milliseconds) };
}

async function measureOnce(site: Site, words: readonly string[]): Promise<Length> {
  const fault = prepareFault(site.beside('fault'), { under: site.directory, calls: 'changes' });
  const { child, ended } = site.start(words, fault.environment);
  await firstCall(fault, child);
  const started = performance.now();
  const { code, stderr } = await ended;
  if (code !== 0) throw new Error(`strata ${words.join(' ')} ended with ${code}: ${stderr}`);
  return { changes: fault.seen(), milliseconds: performance.now() - started };
}

/**
 * One half of the cases count changes of the disk, so that each step is hit as often as it changes something; in the other half
 * chance says when, so that what takes long is hit.
 *
 * @throws if the command fails by itself
 */
export async function killInside(
  site: Site,
  words: readonly string[],
  length: Length,
  chance: Chance,
): Promise<Killed> {
  const counts = chance.once(2);
  const fraction = chance.fraction();
  const at = 1 + Math.floor(fraction * length.changes);
  const fault = prepareFault(site.beside('fault'), {
    under: site.directory,
    calls: 'changes',
    ...(counts && { at, kind: 'kill' as const }),
  });
  const { child, ended } = site.start(words, fault.environment);
  const wait = fraction * length.milliseconds;
  if (!counts) {
    await firstCall(fault, child);
    if (wait >= 1) await sleep(wait);
    child.kill('SIGKILL');
  }
  const { code, signal, stderr } = await ended;
  const told = `killed ${counts ? `at change ${at} of ${length.changes}, ${fault.fired()?.what} ${fault.fired()?.path}` : `after ${wait.toFixed()} ms of ${length.milliseconds.toFixed()}, ${fault.seen()} changes`}`;
  if (signal === 'SIGKILL') return { how: counts ? 'at a call' : 'at a moment', told };
  if (code !== 0) throw new Error(`strata ${words.join(' ')} ended with ${code ?? signal}: ${stderr}`);
  return { how: 'ended before', told };
}

/** Waits until it has begun to change anything, or has ended. */
async function firstCall(
  fault: { seen(): number },
  child: { readonly exitCode: number | null; readonly signalCode: string | null },
): Promise<void> {
  while (fault.seen() === 0 && child.exitCode === null && child.signalCode === null) await sleep(1);
}

/** Says in what state a case failed. */
export async function within<Value>(
  killed: Killed,
  phase: string,
  check: () => Promise<Value>,
): Promise<Value> {
  try {
    return await check();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${killed.told} (${phase}): ${reason}`, { cause: error });
  }
}
