/** Strata on trees that are far too large: how long, how much memory, and how many files it opens though nothing changed. */

import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Disk } from './filesystem.ts';
import { measure } from './measure.ts';
import type { Sample } from './measure.ts';
import { environmentOf } from './peers.ts';
import type { ScaleRow } from './results.ts';
import { describeTree, makeTree } from './scale-trees.ts';
import type { ScaleTree } from './scale-trees.ts';
import { quote, shell, succeeds } from './shell.ts';

export interface ScalePlan {
  readonly tree: ScaleTree;
  readonly files: number;
  /** Where `bin/strata` is. */
  readonly strata: string;
  readonly disk: Disk;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export async function runScale({ tree, files, strata, disk, signal, log }: ScalePlan): Promise<ScaleRow[]> {
  const counting = await succeeds('strace -V');
  if (!counting) log('strace is not here, so opened files are not counted: npm run services install bench');
  const title = describeTree(tree, files);
  log(title);
  const source = join(disk.path, 'tree');
  await makeTree(tree, source, files, signal);
  // What was changed a moment ago is not trusted to be unchanged.
  await sleep(1100, undefined, { signal });
  const env = environmentOf({});
  const command = (words: string) =>
    `exec ${quote(strata)} --home ${quote(join(disk.path, 'home'))} --quiet ${words}`;
  const save = (directory: string) => command(`workspaces save ${quote(directory)} -w tree`);
  const restore = (directory: string) => command(`workspaces restore tree ${quote(directory)}`);

  const rows: ScaleRow[] = [];
  const row = async (operation: string, words: string, opened?: () => Promise<number>) => {
    await disk.settle();
    const sample: Sample = await measure(words, { env, notes: disk.notes, signal });
    const count = counting ? await opened?.() : undefined;
    rows.push({ tree: title, operation, sample, ...(count === undefined ? {} : { opened: count }) });
    const memory = `${(sample.peakBytes / 1e6).toFixed(0)} MB`;
    log(
      `  ${operation.padEnd(18)} ${sample.wall.toFixed(2)} s, ${memory}${count === undefined ? '' : `, ${count} opened`}`,
    );
  };
  const count = (directory: string) => countOpened(save(directory), directory, disk.notes, signal);

  await row('first save', save(source));
  await row('unchanged save', save(source), () => count(source));
  const back = join(disk.path, 'back');
  await row('restore', restore(back));
  // A restored tree that was saved once is known; only one that never was shows what restore told of it.
  const again = join(disk.path, 'again');
  await row('restore, then save', save(back), async () => {
    await shell(restore(again), { env, signal });
    return count(again);
  });
  if (tree === 'spread') {
    await removeSome(source, signal);
    await shell(`sleep 1.1; ${save(source)}; ${command('workspaces forget tree --keep-last 1')}`, {
      env,
      signal,
    });
    await row('gc, 1 % dead', command('store gc --margin 0'));
  }
  return rows;
}

/** Every hundredth file. */
async function removeSome(directory: string, signal: AbortSignal): Promise<void> {
  const files = `find ${quote(directory)} -type f -name 'file-*00' -print0`;
  await shell(`${files} | xargs -0 rm`, { signal });
}

/**
 * How many files below a directory a command opens, its threads and children included; directories do not count. Each thread has a
 * log of its own, or calls that wait would be torn in two lines. The path is that of the descriptor, not the one it was opened by.
 */
async function countOpened(
  command: string,
  directory: string,
  notes: string,
  signal: AbortSignal,
): Promise<number> {
  const logs = join(notes, 'opened');
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs);
  const calls = '-e trace=open,openat,openat2';
  await shell(`strace -ff -qq -y ${calls} -o ${quote(join(logs, 'log'))} sh -c ${quote(command)}`, {
    env: environmentOf({}),
    signal,
  });
  let count = 0;
  for (const name of readdirSync(logs)) {
    const lines = createInterface({ input: createReadStream(join(logs, name)) });
    for await (const line of lines) if (isFileOf(line, directory)) count++;
  }
  return count;
}

/** @param line `openat(AT_FDCWD, "/proc/self/fd/21/a", O_RDONLY) = 22</tree/a>` */
export function isFileOf(line: string, directory: string): boolean {
  return line.includes(`= `) && / = \d+<(.*)>$/.exec(line)?.[1]?.startsWith(`${directory}/`) === true
    ? !/O_DIRECTORY|O_PATH/.test(line)
    : false;
}
