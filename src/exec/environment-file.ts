/** An environment as podman takes it: a file, since its own environment would be obeyed by podman and its arguments are seen by all. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EnvironmentFile extends Disposable {
  readonly path: string;
  /** For values of several lines, which the file cannot hold: these can be seen in the list of processes. */
  readonly words: readonly string[];
}

export function environmentFile(environment: Iterable<readonly [string, string]>): EnvironmentFile {
  const directory = mkdtempSync(join(tmpdir(), 'strata-environment-'));
  const path = join(directory, 'environment');
  const lines: string[] = [];
  const words: string[] = [];
  for (const [name, value] of environment) {
    const line = `${name}=${value}`;
    // `#` would begin a comment, and podman takes blanks away.
    if (/[\r\n]/.test(line) || /^[#\s]/.test(name)) words.push(`--env=${line}`);
    else lines.push(`${line}\n`);
  }
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return { path, words, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
