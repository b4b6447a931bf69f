/** Programs of the system that do what Node cannot, run to their end. */

import { once } from 'node:events';
import type { Readable } from 'node:stream';

import { StrataError, errno, systemError, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';

/** The Debian packages that have them. */
const PACKAGES = {
  chattr: 'e2fsprogs',
  du: 'coreutils',
  e2fsck: 'e2fsprogs',
  find: 'findutils',
  flock: 'util-linux',
  fstrim: 'util-linux',
  losetup: 'mount',
  lsattr: 'e2fsprogs',
  'mkfs.ext4': 'e2fsprogs',
  mount: 'mount',
  resize2fs: 'e2fsprogs',
  setquota: 'quota',
  sync: 'coreutils',
  umount: 'mount',
} as const satisfies Record<string, string>;

type Program = keyof typeof PACKAGES;
export type Words = readonly [Program, ...string[]];

export interface Ended {
  /** 128 if a signal ended it. */
  readonly code: number;
  readonly out: string;
  /** What it wrote to stderr. */
  readonly said: string;
}

export interface RunOptions extends Cancellable {
  /** A descriptor that it holds open as its fourth. */
  readonly holding?: number | undefined;
}

/** Root runs these: never what a PATH of someone's leads to. English, for whoever reads their words. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

const KILLED = 128;
const MOST_OUTPUT = 64 * 1024;
const MOST_REASON = 500;

/** The signal kills it: only for programs that change nothing. @throws unavailable if it is not installed, cancelled */
export async function run(words: Words, options: RunOptions = {}): Promise<Ended> {
  let out = '';
  const ended = await stream(words, options, (part) => {
    if (out.length < MOST_OUTPUT) out += part.toString('latin1');
  });
  return { ...ended, out };
}

/** Runs it and takes what it prints as it comes. @throws as `run` */
export async function stream(
  [program, ...rest]: Words,
  { holding, signal }: RunOptions,
  take: (part: Buffer) => void,
): Promise<Omit<Ended, 'out'>> {
  throwIfAborted(signal);
  // Most commands start none.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(program, rest, {
    cwd: '/',
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe', holding ?? 'ignore'],
    ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' }),
  });
  let said = '';
  (child.stdout as Readable).on('data', take);
  (child.stderr as Readable).setEncoding('latin1').on('data', (text: string) => {
    if (said.length < MOST_OUTPUT) said += text;
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? KILLED, said: said.trim() };
  } catch (error) {
    throwIfAborted(signal);
    if (errno(error) === 'ENOENT') throw notInstalled(program);
    throw systemError(error, `start ${program}`);
  }
}

/** @param doing as in `cannot <doing>: …` @throws unavailable with what it said */
export async function demand(words: Words, doing: string, options: RunOptions = {}): Promise<string> {
  const { code, out, said } = await run(words, options);
  if (code === 0) return out;
  throw new StrataError('unavailable', `cannot ${doing}: ${reasonOf(said) || `${words[0]} failed`}`, {
    details: { program: words[0], code },
  });
}

/** On one line. */
export function reasonOf(said: string): string {
  return said.replace(/\s+/g, ' ').slice(0, MOST_REASON);
}

function notInstalled(program: Program): StrataError {
  return new StrataError('unavailable', `${program} is not installed`, {
    hint: `Install it: apt-get install ${PACKAGES[program]}`,
    details: { program },
  });
}
