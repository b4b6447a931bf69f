/** A directory on disk becomes a tree: every step down goes by open directories, so nothing outside is ever read. */

import { closeSync, accessSync, constants, fstatSync, lstatSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { StrataError, errno, systemClock, systemError } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import { DirectoryBuilder, MAX_DEPTH, displayPath } from '../tree/index.ts';
import type { Entry, Root } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { at, lstatAt, nameBytes, namesIn } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { cutBuffer } from './cut-file.ts';
import { excludeBy } from './exclude.ts';
import type { Exclude } from './exclude.ts';
import { leavingOut, warnings } from './left-out.ts';
import type { LeavingOut, LeftOut, LeftOutReason } from './left-out.ts';
import { looksOf } from './looks.ts';
import { OffLimits } from './off-limits.ts';
import { Pace } from './pace.ts';
import type { PaceOptions } from './pace.ts';
import { openSource } from './source.ts';
import { TRIES, readFileOnce, wasReplaced } from './scan-file.ts';
import type { FileReader } from './scan-file.ts';
import { Tallying, tallyDetails, tallyText } from './tally.ts';
import type { Tally } from './tally.ts';

const SPECIAL_BITS = 0o7000;

/** Ours, not the file's, or no errors of the system at all: these end the save even where unreadable files may be skipped. */
const OUT_OF_RESOURCES: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', undefined]);

export interface ScanOptions extends PaceOptions {
  /** Patterns of paths to leave out, relative to the directory; see `excludeBy`. */
  readonly exclude?: readonly string[] | undefined;
  /** Leave out what cannot be read, instead of refusing. */
  readonly skipUnreadable?: boolean | undefined;
  /** Takes a line for each kind of thing that is left out, when all is read. */
  readonly warn?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Directories to leave out, with one line: those that the save itself writes to. */
  readonly offLimits?: readonly string[] | undefined;
}

export interface ScanReport {
  readonly root: Root;
  readonly leftOut: LeftOut;
  /** What could not be read; empty unless `skipUnreadable`. */
  readonly skipped: Tally;
}

interface Frame {
  readonly name: Buffer;
  readonly mode: number;
  readonly mtime: number;
  /** As `namesIn` gives them. */
  readonly names: readonly string[];
  next: number;
  readonly builder: DirectoryBuilder;
}

interface Scan extends FileReader {
  readonly chain: DirectoryChain;
  /** From the root, whose name is empty, down to where we are. */
  readonly frames: Frame[];
  readonly exclude: Exclude | undefined;
  readonly offLimits: OffLimits;
  readonly skipUnreadable: boolean;
  /** Our user id: whose files need no mention. */
  readonly user: number | undefined;
  readonly leftOut: LeavingOut;
  readonly unreadable: Tallying;
  readonly changed: Tallying;
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
  const exclude = await excludeBy(options.exclude ?? []);
  const offLimits = new OffLimits(options.offLimits);
  using chain = new DirectoryChain(openSource(directory, offLimits));
  const scan: Scan = {
    chain,
    sink,
    exclude,
    offLimits,
    frames: [],
    buffer: cutBuffer(),
    pace: new Pace(options, () => sink.drain()),
    clock: options.clock ?? systemClock,
    skipUnreadable: options.skipUnreadable ?? false,
    user: process.geteuid?.(),
    leftOut: leavingOut(),
    unreadable: new Tallying(),
    changed: new Tallying(),
  };
  await scan.pace.pause();
  let root: Root;
  try {
    scan.frames.push(openFrame(scan, Buffer.alloc(0)));
    root = await scanBelow(scan);
  } catch (error) {
    throw systemError(error, `save ${directory}`);
  }
  throwIfRefused(scan, directory);
  scan.pace.report();
  for (const line of warnings(scan.leftOut)) options.warn?.(line);
  if (scan.unreadable.count > 0)
    options.warn?.(`what cannot be read is left out: ${tallyText(scan.unreadable)}`);
  return { root, leftOut: scan.leftOut, skipped: scan.unreadable };
}

/**
 * What can be said of a save before there is a place to save to.
 *
 * @throws not_found, bad_input if there is no such directory; bad_input for a pattern that cannot be read
 */
export async function checkSource(
  directory: string,
  { exclude = [], offLimits }: Pick<ScanOptions, 'exclude' | 'offLimits'> = {},
): Promise<void> {
  await excludeBy(exclude);
  closeSync(openSource(directory, new OffLimits(offLimits)));
}

/** Not recursive: directories may be thousands deep. */
async function scanBelow(scan: Scan): Promise<Root> {
  for (;;) {
    const frame = scan.frames.at(-1)!;
    const name = frame.names[frame.next++];
    if (name !== undefined) {
      const entry = await scanName(scan, nameBytes(name));
      if (entry !== undefined) frame.builder.add(entry);
      if (scan.pace.step()) await scan.pace.pause();
      continue;
    }
    const { mode, mtime, builder } = frame;
    const tree = builder.finish();
    scan.frames.pop();
    const parent = scan.frames.at(-1);
    if (parent === undefined) return { mode, mtime, tree };
    scan.chain.leave();
    parent.builder.add({ kind: 'directory', name: frame.name, mode, mtime, tree });
  }
}

/** @returns undefined for what is left out, and for a directory, which is now the last frame */
async function scanName(scan: Scan, name: Buffer): Promise<Entry | undefined> {
  if (isExcluded(scan, name)) return leaveOut(scan, 'excluded', name);
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      const stats = lstatAt(scan.chain.fd, name);
      // Removed since it was listed: as if the save had begun a moment later.
      if (stats === undefined) return undefined;
      const result = await scanEntry(scan, name, stats);
      if (result !== 'changed') return result;
    } catch (error) {
      if (wasReplaced(error)) continue;
      if (error instanceof StrataError || OUT_OF_RESOURCES.has(errno(error))) throw error;
      scan.unreadable.add(pathOf(scan, name));
      return undefined;
    }
  }
  scan.changed.add(pathOf(scan, name));
  return undefined;
}

async function scanEntry(scan: Scan, name: Buffer, stats: Stats): Promise<Entry | undefined | 'changed'> {
  const { fd } = scan.chain;
  if (stats.isDirectory()) {
    enterDirectory(scan, name);
    return undefined;
  }
  if (stats.isFIFO()) return leaveOut(scan, 'fifo', name);
  if (stats.isSocket()) return leaveOut(scan, 'socket', name);
  if (!stats.isFile() && !stats.isSymbolicLink()) return leaveOut(scan, 'device', name);

  const looks = looksOf(stats, () => lstatSync(at(fd, name), { bigint: true }));
  if (stats.isSymbolicLink()) {
    const target = readlinkSync(at(fd, name), 'buffer');
    noteLosses(scan, name, stats);
    return { kind: 'symlink', name, ...looks, target };
  }
  if (isRefused(scan)) {
    // No more content for a save that will be refused; only what else is in its way.
    accessSync(at(fd, name), constants.R_OK);
    return undefined;
  }
  const content = await readFileOnce(scan, fd, name, stats);
  if (content === undefined) return 'changed';
  scan.pace.files++;
  noteLosses(scan, name, stats);
  return { kind: 'file', name, ...looks, ...content };
}

function enterDirectory(scan: Scan, name: Buffer): void {
  if (scan.frames.length >= MAX_DEPTH)
    throw new StrataError('bad_input', `directories are nested deeper than ${MAX_DEPTH} levels`, {
      hint: 'Exclude the deep directory.',
      details: { path: displayPath(pathOf(scan, name).slice(0, 8)) },
    });
  scan.chain.enter(name);
  if (scan.offLimits.has(scan.chain.fd)) {
    leaveOut(scan, 'own', name);
    return scan.chain.leave();
  }
  try {
    scan.frames.push(openFrame(scan, name));
  } catch (error) {
    scan.chain.leave();
    throw error;
  }
}

/** For the directory that the chain has just entered. */
function openFrame(scan: Scan, name: Buffer): Frame {
  const { fd } = scan.chain;
  const stats = fstatSync(fd);
  const frame: Frame = {
    name,
    ...looksOf(stats, () => fstatSync(fd, { bigint: true })),
    names: namesIn(fd),
    next: 0,
    builder: new DirectoryBuilder(scan.sink),
  };
  noteLosses(scan, name, stats);
  return frame;
}

function noteLosses(scan: Scan, name: Buffer, { mode, uid }: Stats): void {
  if ((mode & SPECIAL_BITS) !== 0) scan.leftOut.specialBits.add(pathOf(scan, name));
  if (uid !== scan.user) scan.leftOut.owner.add(pathOf(scan, name));
}

function isExcluded(scan: Scan, name: Buffer): boolean {
  if (scan.exclude === undefined) return false;
  return scan.exclude(
    pathOf(scan, name)
      .map((part) => Buffer.from(part).toString())
      .join('/'),
  );
}

function leaveOut(scan: Scan, reason: LeftOutReason, name: Buffer): undefined {
  scan.leftOut[reason].add(pathOf(scan, name));
}

function pathOf({ frames }: Scan, name: Buffer): Buffer[] {
  return [...frames.slice(1).map((frame) => frame.name), name].filter((part) => part.length > 0);
}

function isRefused({ unreadable, changed, skipUnreadable }: Scan): boolean {
  return changed.count > 0 || (unreadable.count > 0 && !skipUnreadable);
}

function throwIfRefused(scan: Scan, directory: string): void {
  if (!isRefused(scan)) return;
  const { unreadable, changed } = scan;
  if (changed.count === 0)
    throw new StrataError('unreadable', `cannot read ${tallyText(unreadable)} in ${directory}`, {
      hint: 'Check the permissions, exclude it, or leave out what cannot be read with --skip-unreadable.',
      details: tallyDetails(unreadable),
    });
  throw new StrataError(
    'file_changed',
    `${tallyText(changed)} in ${directory} kept changing while it was read`,
    {
      hint: 'Stop what writes there, or exclude it, then save again.',
      details: { ...tallyDetails(changed), unreadable: tallyDetails(unreadable).paths },
    },
  );
}
