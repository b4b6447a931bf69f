/** Are two directories the same? Asked of find and sha256sum, so that our own walker is not its own judge. Linux only. */

import { spawnSync } from 'node:child_process';

/** A path of that many names is below Linux's limit of 4096 bytes, and sha256sum can open it. */
const SHALLOW = 15;

const MAX_OUTPUT = 1024 * 1024 * 1024;

interface Facts {
  readonly kind: string;
  readonly mode: string;
  /** Microseconds. */
  readonly mtime: bigint;
  readonly size: string;
  readonly target: string;
  content: string;
}

/**
 * Names, kinds, modes, link targets, content, and times within 1 µs, of all that is below and of the directories themselves.
 *
 * @returns what differs, a line each; empty if they are the same
 */
export function differences(a: string, b: string): string[] {
  const left = facts(a);
  const right = facts(b);
  const lines: string[] = [];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const one = left.get(path);
    const other = right.get(path);
    const shown = JSON.stringify(path);
    if (one === undefined || other === undefined)
      lines.push(`${shown} is only in ${one === undefined ? b : a}`);
    else if (!isEqual(one, other)) lines.push(`${shown}: ${told(one)} ≠ ${told(other)}`);
  }
  return lines;
}

/** Allocated bytes of everything below a directory. */
export function allocatedBytes(directory: string): number {
  const [kib] = run('du', ['-sk', '.'], directory).split('\t');
  return Number(kib) * 1024;
}

function isEqual(a: Facts, b: Facts): boolean {
  const apart = a.mtime - b.mtime;
  return (
    a.kind === b.kind &&
    a.mode === b.mode &&
    apart <= 1n &&
    apart >= -1n &&
    a.size === b.size &&
    a.target === b.target &&
    a.content === b.content
  );
}

function told({ kind, mode, mtime, size, target, content }: Facts): string {
  return [kind, mode, mtime, size, target, content.slice(0, 12)].join(' ');
}

/** By path; paths are text of one character a byte. */
function facts(directory: string): Map<string, Facts> {
  const all = new Map<string, Facts>();
  const listed = records(run('find', ['.', '-printf', String.raw`%P\0%y\0%m\0%T@\0%s\0%l\0`], directory));
  for (let at = 0; at + 5 < listed.length; at += 6) {
    const [path, kind, mode, time, size, target] = listed.slice(at, at + 6) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    all.set(path, {
      kind,
      mode,
      mtime: micros(time),
      // Of a directory it depends on the file system.
      size: kind === 'f' ? size : '',
      target,
      content: '',
    });
  }
  const shallow = run('find', ['.', '-maxdepth', String(SHALLOW), '-type', 'f', '-print0'], directory);
  for (const sum of records(run('xargs', ['-0', '-r', 'sha256sum', '-z', '--'], directory, shallow)))
    all.get(sum.slice(68))!.content = sum.slice(0, 64);
  const deep = ['-mindepth', String(SHALLOW + 1), '-type', 'f', '-printf', String.raw`%P\0`];
  const sums = records(
    run('find', ['.', ...deep, '-execdir', 'sha256sum', '-z', '--', '{}', ';'], directory),
  );
  for (let at = 0; at + 1 < sums.length; at += 2) all.get(sums[at]!)!.content = sums[at + 1]!.slice(0, 64);
  return all;
}

/** @param time seconds, a point, and ten digits of which the last is 0 */
function micros(time: string): bigint {
  const [seconds = '', fraction = ''] = time.split('.');
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6));
}

function records(output: string): string[] {
  return output.split('\0').slice(0, -1);
}

function run(command: string, options: readonly string[], cwd: string, input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, options, {
    cwd,
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: MAX_OUTPUT,
    ...(input === undefined ? {} : { input: Buffer.from(input, 'latin1') }),
  });
  if (status !== 0) throw error ?? new Error(`${command} in ${cwd}: ${stderr.toString()}`);
  return stdout.toString('latin1');
}
