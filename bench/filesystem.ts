/**
 * A file system for the measurements alone. Files made soon after many others were removed are 5–20 times slower on a long-used
 * ext4, for every program, so the order of the programs would decide; each repetition gets a new one, and deletes nothing.
 */

import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { fillMemory } from './memory.ts';
import { quote, shell, succeeds } from './shell.ts';

/** Sparse: it takes what is written to it. */
const IMAGE_BYTES = '64G';
const PREFIX = 'strata-bench-disk-';

export type Kind = 'loop' | 'directory';

export interface Disk extends AsyncDisposable {
  readonly path: string;
  /** A directory beside it, for what is written while something is measured. */
  readonly notes: string;
  /** Gives removed bytes back to the machine. */
  trim(): Promise<void>;
  /** Before something is measured: what others left to be written is written, and on a file system of our own no memory is free. */
  settle(): Promise<void>;
}

/** Loop devices are for root, and not in every container. */
export async function possibleKind(): Promise<Kind> {
  if (process.geteuid?.() !== 0) return 'directory';
  return (await succeeds(`${PATH} losetup -f && command -v mkfs.ext4`)) ? 'loop' : 'directory';
}

/** Debian keeps administrators' programs out of the PATH of normal users, and so out of some shells of root. */
const PATH = 'PATH="$PATH:/usr/sbin:/sbin";';

/** @param work where the image or the directory is made */
export async function openDisk(work: string, kind: Kind, signal: AbortSignal): Promise<Disk> {
  mkdirSync(work, { recursive: true });
  await dropAbandoned(work);
  const place = mkdtempSync(join(work, `${PREFIX}${process.pid}-`));
  const path = join(place, 'disk');
  const notes = join(place, 'notes');
  for (const directory of [path, notes]) mkdirSync(directory);
  try {
    if (kind === 'loop') await mount(join(place, 'image'), path, signal);
  } catch (error) {
    await drop(place);
    throw error;
  }
  return {
    path,
    notes,
    trim: async () => void (await succeeds(`${PATH} fstrim ${quote(path)}`)),
    settle: async () => {
      await shell(`sync -f ${quote(path)}`, { signal });
      if (kind === 'loop') await fillMemory(work, signal);
    },
    [Symbol.asyncDispose]: () => drop(place),
  };
}

/**
 * Direct I/O: otherwise each page would be cached twice. Inodes are made at once and not in the background, beside us; twice as
 * many as is usual, for millions of small files.
 */
async function mount(image: string, path: string, signal: AbortSignal): Promise<void> {
  await shell(
    `${PATH} set -e; truncate -s ${IMAGE_BYTES} ${quote(image)}
    mkfs.ext4 -q -F -i 8192 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard ${quote(image)}
    loop=$(losetup -f --show --direct-io=on ${quote(image)})
    mount -o noatime,noinit_itable "$loop" ${quote(path)} || { losetup -d "$loop"; exit 1; }`,
    { signal },
  );
}

/** Of a run that was killed: an image of many gigabytes, mounted. */
async function dropAbandoned(work: string): Promise<void> {
  for (const name of readdirSync(work)) {
    const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : undefined;
    if (owner !== undefined && !isAlive(owner)) await drop(join(work, name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function drop(place: string): Promise<void> {
  const path = quote(join(place, 'disk'));
  const image = quote(join(place, 'image'));
  // What a peer restored may lie in directories that forbid to remove it.
  await shell(
    `${PATH} if mountpoint -q ${path}; then umount ${path} || umount -l ${path}; fi
    [ ! -e ${image} ] || losetup -j ${image} | cut -d: -f1 | xargs -r -n 1 losetup -d
    chmod -R u+rwX ${quote(place)} && rm -rf ${quote(place)}`,
  );
}
