/** A directory on disk becomes a tree: every step down goes by open directories, so nothing outside is ever read. */

import { StrataError, systemClock, systemError } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import type { Root, Selector } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { Assembler } from './assembler.ts';
import { DirectoryChain } from './chain.ts';
import { excludeBy } from './exclude.ts';
import type { Lookout } from './foreseen.ts';
import { Losses, leavingOut, warnings } from './left-out.ts';
import type { LeftOut } from './left-out.ts';
import { OffLimits } from './off-limits.ts';
import { Pace } from './pace.ts';
import type { PaceOptions } from './pace.ts';
import { Reading } from './reading.ts';
import { Recollection } from './recollection.ts';
import type { SaveThreads } from './save-threads.ts';
import { openSource } from './source.ts';
import { StatCacheWriter, damagedMemory } from './stat-cache.ts';
import { StatCursor } from './stat-cursor.ts';
import { tallyDetails, tallyText } from './tally.ts';
import type { Tally } from './tally.ts';
import { Walk } from './walk.ts';

/** What is remembered of a directory from one save to the next, kept by the caller. */
export interface StatMemory {
  /** What was written down the last time; undefined if there is nothing. */
  readonly records: Uint8Array | undefined;
  /** A part of a tree may be gone whose top is still there. */
  readonly treesMayLack?: boolean | undefined;
  /**
   * Takes what is to be remembered now, part by part; nothing if all is as it was. Each is good until the call returns. Of no use before
   * the save was committed.
   */
  readonly write: (part: Uint8Array) => void;
}

export interface ScanOptions extends PaceOptions {
  /** How the directory is called in messages; default: as it is given. */
  readonly shown?: string | undefined;
  /** Patterns of paths to leave out, relative to the directory; see `excludeBy`. */
  readonly exclude?: readonly string[] | undefined;
  /**
   * What of the rest is saved; default: all. It is silent about what it does not choose. A directory that is only entered is saved as well,
   * also if nothing in it was chosen.
   */
  readonly select?: Selector | undefined;
  /** Leave out what cannot be read, instead of refusing. */
  readonly skipUnreadable?: boolean | undefined;
  /** Takes a line for each kind of thing that is left out, when all is read. */
  readonly warn?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Directories to leave out, with one line: those that the save itself writes to. */
  readonly offLimits?: readonly string[] | undefined;
  readonly memory?: StatMemory | undefined;
  /** What the directory is guessed to hold: tells how far the save is, before the walk knows. */
  readonly expected?: { readonly files: number; readonly bytes: number } | undefined;
  /** How many threads read files beside the caller's; 0: none. Default: as many as are worth it, when they are. */
  readonly threads?: number | undefined;
  readonly ahead?:
    | { readonly threads?: SaveThreads | undefined; readonly look?: Lookout | undefined }
    | undefined;
}

export interface ScanReport {
  readonly root: Root;
  readonly leftOut: LeftOut;
  /** What could not be read; empty unless `skipUnreadable`. */
  readonly skipped: Tally;
}

/**
 * Saves what stands below `directory`; a link to a directory is followed here and nowhere else. Names, permission bits,
 * modification times, link targets and content are kept; files that are hard links of each other become equal files.
 *
 * All that cannot be saved is found before it is reported.
 *
 * @throws not_found, bad_input if there is no such directory
 * @throws unreadable with the paths, unless they may be skipped
 * @throws file_changed with the paths of files that were never at rest in three tries
 * @throws cancelled
 */
export async function scanDirectory(
  directory: string,
  sink: ContentSink,
  options: ScanOptions = {},
): Promise<ScanReport> {
  const { skipUnreadable = false, clock = systemClock, memory, signal, threads, shown = directory } = options;
  const exclude = await excludeBy(options.exclude ?? []);
  const offLimits = new OffLimits(options.offLimits);
  const pace = new Pace(options, () => sink.drain());
  pace.total = options.expected && { ...options.expected, estimated: true };
  const cache = memory && new StatCacheWriter(clock(), memory.write);
  const leftOut = leavingOut();
  const losses = new Losses(leftOut);
  const assembler = new Assembler(sink, losses, cache);
  const isRefused = () => assembler.changed.count > 0 || (assembler.unreadable.count > 0 && !skipUnreadable);
  const start = openSource(directory, offLimits);
  await using reading = new Reading({
    sink,
    pace,
    clock,
    signal,
    threads,
    ahead: options.ahead?.threads,
    onOutcome: () => assembler.advance(),
    backlog: () => assembler.waiting,
  });
  using chain = new DirectoryChain(start, reading.directories.leave);
  let root: Root;
  try {
    await pace.pause();
    const cursor = memory?.records && new StatCursor(memory.records);
    const recollection = new Recollection(cursor, sink, assembler, memory?.treesMayLack !== true);
    const look = options.select === undefined ? options.ahead?.look : undefined;
    const around = { look, exclude, select: options.select, offLimits, leftOut, losses, isRefused };
    const walk = new Walk({ chain, assembler, reading, recollection, pace, ...around });
    const { looks, tree } = await walk.run();
    pace.total = walk.found;
    await reading.finish();
    if (tree === undefined) cache?.finish();
    root = { ...looks, tree: tree ?? assembler.tree! };
  } catch (error) {
    throw isPastEnd(error, memory) ? damagedMemory(error) : systemError(error, `save ${shown}`);
  }
  const { unreadable, changed } = assembler;
  if (isRefused()) throw refusal(shown, unreadable, changed);
  pace.report();
  for (const line of warnings(leftOut)) options.warn?.(line);
  if (unreadable.count > 0) options.warn?.(`what cannot be read is left out: ${tallyText(unreadable)}`);
  return { root, leftOut, skipped: unreadable };
}

/** Records are read without a look at where they end: whoever else has sealed them had our key. */
function isPastEnd(error: unknown, memory: StatMemory | undefined): boolean {
  return memory?.records !== undefined && error instanceof RangeError;
}

function refusal(directory: string, unreadable: Tally, changed: Tally): StrataError {
  if (changed.count === 0)
    return new StrataError('unreadable', `cannot read ${tallyText(unreadable)} in ${directory}`, {
      hint: 'Check the permissions, exclude it, or leave out what cannot be read with --skip-unreadable.',
      details: tallyDetails(unreadable),
    });
  return new StrataError(
    'file_changed',
    `${tallyText(changed)} in ${directory} kept changing while it was read`,
    {
      hint: 'Stop what writes there, or exclude it, then save again.',
      details: { ...tallyDetails(changed), unreadable: tallyDetails(unreadable).paths },
    },
  );
}
