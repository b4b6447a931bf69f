/** Which executors a task can run on, and how they are declared in a configuration. */

import { count, list, nearNames, oneOf, record, refine } from '../base/index.ts';
import type { Reader } from '../base/index.ts';
import type { Runtime } from './definition.ts';
import type { ExecutorDefinition } from './run-state.ts';
import { ARCHITECTURES, labels, name } from './values.ts';

/** Which type of executor takes a task. */
const TAKES: Readonly<Record<Runtime['type'], ExecutorDefinition['type']>> = { host: 'host', pod: 'podman' };

/** Executors run on one machine: more tasks at a time are a slip. */
const MAX_SLOTS = 1024;

/** Those that fit, in the order of their declaration; or why there is none, as a sentence. */
export type Match =
  | { readonly executors: readonly [ExecutorDefinition, ...ExecutorDefinition[]] }
  | { readonly flaw: string };

export function matchExecutors(runtime: Runtime, executors: readonly ExecutorDefinition[]): Match {
  const type = TAKES[runtime.type];
  const ofType = executors.filter((executor) => executor.type === type);
  if (ofType.length === 0) return { flaw: `no executor is of the type ${type}` };

  const ofArch = ofType.filter(({ arch }) => runtime.arch === undefined || arch === runtime.arch);
  if (ofArch.length === 0) {
    const there = [...new Set(ofType.map(({ arch }) => arch))].join(', ');
    return { flaw: `no executor of the type ${type} is ${runtime.arch}: there is ${there}` };
  }
  const [first, ...more] = ofArch.filter((executor) =>
    runtime.labels.every((label) => executor.labels.includes(label)),
  );
  if (first !== undefined) return { executors: [first, ...more] };

  const known = new Set(ofArch.flatMap((executor) => executor.labels));
  const unknown = runtime.labels.filter((label) => !known.has(label));
  if (unknown.length === 0) return { flaw: `no executor has all the labels ${runtime.labels.join(', ')}` };
  const near = unknown.flatMap((label) => nearNames(label, known));
  const meant = near.length > 0 ? `: did you mean ${near.join(', ')}?` : '';
  return { flaw: `no executor of the type ${type} has the label ${unknown.join(', ')}${meant}` };
}

/** The first of those that fit. */
export function matchExecutor(
  runtime: Runtime,
  executors: readonly ExecutorDefinition[],
): ExecutorDefinition | { readonly flaw: string } {
  const match = matchExecutors(runtime, executors);
  return 'flaw' in match ? match : match.executors[0];
}

const executor: Reader<ExecutorDefinition> = refine(
  record(
    {
      name,
      type: oneOf('host', 'podman'),
      arch: oneOf(...ARCHITECTURES),
      labels,
      slots: count(1, MAX_SLOTS),
    },
    ['name', 'type', 'arch'],
  ),
  ({ name: called, type, arch, labels: given, slots }) =>
    called === undefined || type === undefined || arch === undefined
      ? undefined
      : { name: called, type, arch, labels: given ?? [], slots: slots ?? 1 },
);

/** A list of executors, as `executors` in a configuration. */
export const executorsReader: Reader<readonly ExecutorDefinition[]> = refine(
  list(executor, 'executors'),
  (executors, node, place) => {
    const names = new Set<string>();
    for (const { name: called } of executors) {
      if (names.has(called)) place.flaw(node.offset, `has two executors named ${called}`);
      names.add(called);
    }
    return executors;
  },
);
