/** `version` */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Command } from 'commander';

import { addExamples } from './help.ts';
import type { Invocation } from './invocation.ts';

export function registerVersion(noun: Command, { terminal }: Invocation): void {
  noun.action(async () => {
    const version = readVersion();
    await terminal.result({ version, node: process.version }, [`strata ${version}`], [version]);
  });
  addExamples(noun, ['version', 'version --json']);
}

/** The sources and the build lie equally deep below it. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
