/** What a directory holds, found out without any code of Strata, to compare what comes back with what was saved. */

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Fact {
  /** Kind, mode, size, and the target or the SHA-256 of the content. */
  readonly told: string;
  /** Microseconds. */
  readonly mtime: bigint;
}

/** By path; the directory itself is `.`. */
export type Facts = ReadonlyMap<string, Fact>;

export function factsOf(directory: string): Facts {
  const facts = new Map<string, Fact>();
  const visit = (path: string, name: string) => {
    const stats = lstatSync(path, { bigint: true });
    const looks = (Number(stats.mode) & 0o777).toString(8);
    const mtime = stats.mtimeNs / 1000n;
    if (stats.isDirectory()) {
      facts.set(name, { told: `directory ${looks}`, mtime });
      for (const entry of readdirSync(path))
        visit(join(path, entry), name === '.' ? entry : `${name}/${entry}`);
    } else if (stats.isSymbolicLink()) {
      facts.set(name, { told: `link to ${readlinkSync(path)}`, mtime });
    } else {
      facts.set(name, { told: `file ${looks} of ${stats.size}, ${sum(path)}`, mtime });
    }
  };
  visit(directory, '.');
  return facts;
}

/** @returns what differs, a line each; empty if they are the same, times within 1 µs */
export function apart(expected: Facts, found: Facts): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])].flatMap((path) => {
    const one = expected.get(path);
    const other = found.get(path);
    if (one === undefined || other === undefined)
      return [`${path}: ${one === undefined ? 'should not be there' : 'is missing'}`];
    if (one.told !== other.told) return [`${path}: ${other.told}, not ${one.told}`];
    const late = one.mtime - other.mtime;
    return late > 1n || late < -1n ? [`${path}: of ${other.mtime} µs, not ${one.mtime} µs`] : [];
  });
}

function sum(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 32);
}
