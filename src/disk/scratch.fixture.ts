import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type { Root } from '../tree/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { scanDirectory } from './scan.ts';
import type { ScanOptions } from './scan.ts';

/** A directory that is gone after the test, whatever modes and depths are in it. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'strata-disk-'));
  onTestFinished(() => {
    spawnSync('chmod', ['-R', 'u+rwX', directory], { stdio: 'ignore' });
    spawnSync('rm', ['-rf', directory]);
  });
  return directory;
}

export interface Saved {
  readonly content: MemoryContent;
  readonly root: Root;
}

export async function save(directory: string, options?: ScanOptions): Promise<Saved> {
  const content = new MemoryContent();
  const { root } = await scanDirectory(directory, content.sink, options);
  return { content, root };
}

/** Everything in a directory that an operation could change, and its own mode, as text to compare. */
export function state(directory: string): string {
  if (!existsSync(directory)) return 'nothing';
  const { stdout } = spawnSync('find', ['.', '-mindepth', '1', '-printf', '%p %y %m %T@ %i %l\n'], {
    cwd: directory,
  });
  const lines = stdout.toString('latin1').split('\n').sort();
  return [statSync(directory).mode.toString(8), ...lines].join('\n');
}

/** Names that restores leave when they are not done. */
export function stagingIn(directory: string): string[] {
  return readdirSync(directory).filter(
    (name) => name.startsWith('.strata-restore-') && lstatSync(join(directory, name)).isDirectory(),
  );
}
