/** The executor that a machine is when none is declared. */

import { availableParallelism } from 'node:os';

import type { ExecutorDefinition } from '../plan/index.ts';

/** What Node calls them by what the field does. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

export function thisMachine(): ExecutorDefinition {
  return {
    name: 'host',
    type: 'host',
    arch: ARCHITECTURES[process.arch] ?? process.arch,
    labels: [],
    slots: availableParallelism(),
  };
}
