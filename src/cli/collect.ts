/** `store gc` */

import type { Command } from 'commander';

import { lengthOfTime } from './argument.ts';
import { CLOCK_SHAPE, clockJson, clockLines } from './clock.ts';
import type { CollectResult } from '../engine/index.ts';
import { counted, formatAhead, formatBytes, formatSeconds } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { addRegion } from './region.ts';
import type { RegionFlags } from './region.ts';
import { withProgress } from './progress.ts';
import { isoTime } from './shapes.ts';

interface CollectFlags extends RegionFlags {
  readonly dryRun?: boolean;
  readonly margin?: number;
  readonly acceptClock?: boolean;
}

const WAITING_FOR: Readonly<Record<CollectResult['waiting'][number]['for'], string>> = {
  margin: 'until the margin has passed',
  save: 'for a save that began before',
  read: 'for a restore, or something else that reads and began before',
  collect: 'for another collection',
};

export function registerCollect(noun: Command, invocation: Invocation): void {
  const command = addRegion(noun.command('gc'))
    .description('take away what no snapshot needs any more')
    .option('--dry-run', 'change nothing; tell what would be done')
    .option(
      '--margin <time>',
      'how long what is condemned stays, as in 0, 2h or 7d (default: 1h, in a bucket 1d)',
      lengthOfTime,
    )
    .option('--accept-clock', 'the clock is right, though it has leapt ahead: nothing waits for it')
    .action((flags: CollectFlags) => collect(invocation, flags));
  addExamples(command, ['store gc --dry-run', 'store gc', 'store gc --margin 0', 'store gc --accept-clock']);
  addJsonHelp(
    command,
    '{dryRun, storedBytes, liveBytes, condemned:{dead, moved, orphan}, deletedObjects, deletedBytes,\n' +
      'rewrittenBytes, waiting:[{for, objects, bytes, until}], clock, seconds}. dryRun: whether nothing was changed. condemned: {objects, bytes} each. for: "margin",\n' +
      '"save", "read" or "collect"; until: when that ends at the latest. ' +
      CLOCK_SHAPE,
  );
}

async function collect(invocation: Invocation, flags: CollectFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const result = await withProgress(invocation, 'collecting', (onProgress) =>
      store.collect({ ...flags, onProgress, signal: world.signal }),
    );
    const json = {
      ...result,
      clock: clockJson(result.clock),
      waiting: result.waiting.map((one) => ({
        ...one,
        until: one.until === undefined ? null : isoTime(one.until),
      })),
    };
    await terminal.result(json, lines(result, world.clock()));
  });
}

function lines(result: CollectResult, now: number): string[] {
  const { dryRun, storedBytes, liveBytes, condemned, deletedObjects, deletedBytes, waiting, clock, seconds } =
    result;
  const found: readonly (readonly [CollectResult['condemned']['dead'], string])[] = [
    [condemned.dead, 'with nothing that a snapshot needs'],
    [
      condemned.moved,
      dryRun ? 'with little that is needed, to be written anew' : 'with little that is needed, written anew',
    ],
    [condemned.orphan, 'left over from saves that did not end'],
  ];
  return [
    `${formatBytes(storedBytes)} stored, ${formatBytes(liveBytes)} of it needed`,
    ...found
      .filter(([{ objects }]) => objects > 0)
      .map(([{ objects, bytes }, what]) => `  ${counted(objects, 'object')}, ${formatBytes(bytes)}: ${what}`),
    dryRun
      ? 'nothing was changed'
      : `freed ${formatBytes(deletedBytes)} in ${counted(deletedObjects, 'object')}, in ${formatSeconds(seconds)}`,
    ...waiting.map(({ for: reason, objects, bytes, until }) => {
      const latest = until === undefined ? '' : `, ${formatAhead(until, now)} at the latest`;
      return `  ${counted(objects, 'object')}, ${formatBytes(bytes)} stay ${WAITING_FOR[reason]}${latest}`;
    }),
    ...clockLines(clock, 'nothing is taken away', now),
  ];
}
