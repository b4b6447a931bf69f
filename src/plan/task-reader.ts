/** A task of a run file, without what it has to do with other tasks. */

import { flag, isNull, list, nearNames, oneLine, oneOf, record, refine } from '../base/index.ts';
import type { KeyValues, Place, Reader, YamlNode } from '../base/index.ts';
import { CONDITIONS } from './definition.ts';
import type {
  Condition,
  Container,
  Dependency,
  Runtime,
  StepDefinition,
  TaskDefinition,
} from './definition.ts';
import { stepReader } from './step-readers.ts';
import { ARCHITECTURES, bytes, environment, labels, name, refused, text, timeout, when } from './values.ts';

const DEFAULT_WORKING_DIR = '~/project';
const DEFAULT_SHELL = '/bin/sh -e';

export const noCredentials = refused(
  'is not taken: a run file holds no credentials; log in where the executor runs (podman login)',
);

const volumePath = refine(text, (given, node, place) =>
  /^\/+[^/]/.test(given) && !given.split('/').includes('..')
    ? given
    : place.flaw(node.offset, 'must be an absolute path, without ..'),
);

const volume = refine(
  record({ path: volumePath, tmpfs: record({ size: bytes }) }, ['path', 'tmpfs']),
  ({ path, tmpfs }) =>
    path === undefined || tmpfs === undefined ? undefined : { path, tmpfs: { bytes: tmpfs.size } },
);

const container: Reader<Container> = refine(
  record(
    {
      image: text,
      environment,
      user: text,
      privileged: flag,
      entrypoint: text,
      volumes: list(volume, 'volumes'),
    },
    ['image'],
  ),
  (given) =>
    given.image === undefined
      ? undefined
      : {
          image: given.image,
          environment: given.environment ?? {},
          user: given.user,
          privileged: given.privileged ?? false,
          entrypoint: given.entrypoint,
          volumes: given.volumes ?? [],
        },
);

const runtime: Reader<Runtime> = refine(
  record({
    type: oneOf('host', 'pod'),
    arch: oneOf(...ARCHITECTURES),
    containers: list(container, 'containers', 1),
    labels,
  }),
  ({ type, arch, containers, labels: given = [] }, node, place) => {
    const [first, ...more] = containers ?? [];
    const has = (key: string) => node.kind === 'map' && node.entries.some((entry) => entry.key === key);
    if (type === 'host' && has('containers')) return place.flaw(node.offset, 'is a host and has containers');
    if (type === 'pod' && !has('containers'))
      return place.flaw(node.offset, 'is a pod and has no containers');
    if (first !== undefined) return { type: 'pod', arch, labels: given, containers: [first, ...more] };
    return has('containers') ? undefined : { type: 'host', arch, labels: given };
  },
);

/** A dependency, and where it stands: whether there is such a task is told later. */
export interface PlacedDependency extends Dependency {
  readonly offset: number;
  readonly place: Place;
}

const condition = oneOf(...CONDITIONS);
const conditionList = list(condition, `conditions (${CONDITIONS.join(', ')})`);
const longDependency = record({ task: name, conditions: conditionList }, ['task']);
const DEFAULT_CONDITIONS: readonly Condition[] = ['on_success'];

const dependency: Reader<PlacedDependency> = {
  read: (node, place) => {
    const made = (task: string | undefined, conditions: readonly Condition[] = DEFAULT_CONDITIONS) =>
      task === undefined
        ? undefined
        : {
            task,
            conditions: conditions.length > 0 ? [...new Set(conditions)] : DEFAULT_CONDITIONS,
            offset: node.offset,
            place,
          };
    if (node.kind !== 'map') return made(name.read(node, place));
    const [first, ...more] = node.entries;
    // A single key with a list is the name of a task, even if the name is `task`.
    if (first !== undefined && more.length === 0 && (first.value.kind === 'list' || isNull(first.value))) {
      const key: YamlNode = { kind: 'scalar', offset: first.offset, value: first.key, text: first.key };
      const task = name.read(key, place);
      return isNull(first.value) ? made(task) : made(task, conditionList.read(first.value, place));
    }
    if (first !== undefined && more.length === 0 && first.key !== 'task') {
      return place.flaw(first.value.offset, `must be a list: ${oneLine(first.key)}: [on_failure]`);
    }
    const given = longDependency.read(node, place);
    return given === undefined ? undefined : made(given.task, given.conditions);
  },
  schema: (definitions) => ({
    anyOf: [
      name.schema(definitions),
      longDependency.schema(definitions),
      {
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: { anyOf: [conditionList.schema(definitions), { type: 'null' }] },
      },
    ],
  }),
};

/** A step, and where it stands. */
export interface PlacedStep {
  readonly step: StepDefinition;
  readonly offset: number;
  readonly place: Place;
}

const placedStep = refine(stepReader, (step, { offset }, place): PlacedStep => ({ step, offset, place }));

/** Keys of a task. */
const KEYS = {
  name,
  runtime,
  environment,
  working_dir: text,
  shell: text,
  user: text,
  steps: list(placedStep, 'steps'),
  depends: list(dependency, 'dependencies'),
  ignore_failure: flag,
  approval: flag,
  when,
  task_timeout_interval: timeout,
  docker_registries_auth: noCredentials,
} as const;

export interface PlacedTask {
  readonly task: TaskDefinition;
  readonly depends: readonly PlacedDependency[];
  readonly steps: readonly PlacedStep[];
  readonly node: YamlNode;
  readonly place: Place;
}

export const taskReader: Reader<PlacedTask> = refine(record(KEYS, ['name']), (given, node, place) => {
  if (given.name === undefined) return undefined;
  const task = definitionOf(given.name, given);
  if (task.runtime.type === 'host') refuseUsers(task, node, place);
  return { task, depends: given.depends ?? [], steps: given.steps ?? [], node, place };
});

function definitionOf(called: string, given: KeyValues<typeof KEYS>): TaskDefinition {
  return {
    name: called,
    runtime: given.runtime ?? { type: 'host', arch: undefined, labels: [] },
    environment: given.environment ?? {},
    workingDir: given.working_dir ?? DEFAULT_WORKING_DIR,
    shell: given.shell ?? DEFAULT_SHELL,
    user: given.user,
    steps: (given.steps ?? []).map(({ step }) => step),
    depends: (given.depends ?? []).map(({ task, conditions }) => ({ task, conditions })),
    ignoreFailure: given.ignore_failure ?? false,
    approval: given.approval ?? false,
    when: given.when,
    timeout: given.task_timeout_interval,
  };
}

/** On a host everything runs as whoever runs it: another user would be promised and not be there. */
function refuseUsers(task: TaskDefinition, node: YamlNode, place: Place): void {
  const withUser =
    task.user !== undefined || task.steps.some((step) => step.kind === 'run' && step.user !== undefined);
  if (withUser) place.flaw(node.offset, 'names a user, which only containers have');
}

/** As in `there is no task lnit in this run`. */
export function nearTasks(called: string, names: readonly string[]): readonly string[] {
  // The work grows with both lengths and the number of names.
  return called.length > 64
    ? []
    : nearNames(
        called,
        names.slice(0, 2000).filter((each) => each.length <= 80),
      );
}
