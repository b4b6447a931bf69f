/** Where and with what it was measured: figures without that say nothing. */

import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

import type { Kind } from './filesystem.ts';
import { COMMIT } from './installed.ts';
import { canFillMemory } from './memory.ts';
import type { Peer } from './peers.ts';
import { shell } from './shell.ts';

export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly memory: string;
  readonly system: string;
  /** Of the last minute, when it began: above 0.5 somebody else was at work. */
  readonly load: number;
  /** Empty where none is measured. */
  readonly filesystem: string;
  readonly node: string;
  /** Of Strata's clone. */
  readonly commit: string;
  /** `NAME VERSION` of each program. */
  readonly versions: readonly string[];
}

const FILESYSTEMS: Record<Kind, string> = {
  loop: 'an ext4 of its own for each repetition, on a sparse image with direct I/O',
  directory: 'a directory of the machine’s own file system (not root): figures may depend on its past',
};

const FILLED = ', memory filled before each command';

/** @param strata the `bin/strata` that is measured */
export async function machine(
  kind: Kind | undefined,
  present: readonly Pick<Peer, 'probe'>[],
  strata: string,
): Promise<Machine> {
  const versions = new Set<string>();
  for (const { probe } of present) versions.add((await shell(probe)).split('\n')[0]!.trim());
  const kernel = await shell('uname -sr');
  const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const built = join(dirname(strata), '..', COMMIT);
  const commit = existsSync(built) ? readFileSync(built, 'utf8') : 'unknown';
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    processor: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    system: `${name ?? 'Linux'}, ${kernel.trim()}`,
    load: loadavg()[0]!,
    filesystem:
      kind === undefined ? '' : FILESYSTEMS[kind] + (kind === 'loop' && canFillMemory() ? FILLED : ''),
    node: process.versions.node,
    commit: commit.trim(),
    versions: [...versions],
  };
}
