/** The steps of a task, each in its long and its short form. */

import { count, flag, list, named, nearNames, oneLine, oneOf, record, refine } from '../base/index.ts';
import type {
  JsonSchema,
  KeyValues,
  Keys,
  Place,
  Reader,
  SchemaDefinitions,
  YamlMap,
  YamlNode,
} from '../base/index.ts';
import { isCacheKeyFlaw, parseCacheKey } from './cache-key.ts';
import type { ConflictPolicy, SaveContent, StepDefinition, StepKind } from './definition.ts';
import { directory, environment, globs, name, text, when } from './values.ts';

const COMMON = { name, when } as const;
/** Of a name that is made from a command. */
const MAX_MADE_NAME = 80;
const NO_TERMINAL = 'must be false: commands run without a terminal';
const POLICIES = ['fail', 'fail-any', 'override', 'separate'] as const;

const preferRecord = record({ prefer: list(name, 'tasks', 1) }, ['prefer']);
const policyName = oneOf(...POLICIES);

const conflictPolicy: Reader<ConflictPolicy> = named('on_conflict', {
  read: (node, place) => {
    if (node.kind === 'map') {
      const tasks = preferRecord.read(node, place)?.prefer;
      return tasks === undefined ? undefined : { kind: 'prefer', tasks };
    }
    const kind = POLICIES.find((each) => node.kind === 'scalar' && node.text === each);
    if (kind !== undefined) return { kind };
    return place.flaw(node.offset, `must be one of ${POLICIES.join(', ')} or { prefer: [task, …] }`);
  },
  schema: (definitions) => ({ anyOf: [policyName.schema(definitions), preferRecord.schema(definitions)] }),
});

const content = named(
  'content',
  refine(
    record({ source_dir: directory('container'), dest_dir: directory('workspace'), paths: globs }),
    (given): SaveContent => ({
      sourceDir: given.source_dir ?? '',
      destDir: given.dest_dir ?? '',
      paths: given.paths ?? ['**'],
    }),
  ),
);
const contents = list(content, 'contents', 1);

/** A typo in it is found before the run, and not when the cache is saved. */
const cacheKey = refine(text, (key, node, place) => {
  const parsed = parseCacheKey(key);
  if (!isCacheKeyFlaw(parsed)) return key;
  return place.flaw(node.offset, `is no key of a cache: ${parsed.problem}. ${parsed.hint}`);
});

/** The system takes no longer word on a command line (MAX_ARG_STRLEN). */
const MAX_COMMAND_BYTES = 100_000;

const commandText = refine(text, (given, node, place) =>
  Buffer.byteLength(given) <= MAX_COMMAND_BYTES
    ? given
    : place.flaw(node.offset, `has more than ${MAX_COMMAND_BYTES} bytes: put it in a file of the source`),
);

type StepOf<K extends StepKind> = Extract<StepDefinition, { readonly kind: K }>;

interface StepReader<K extends StepKind> {
  /** The name of a step that was given none. */
  readonly called: (step: StepOf<K>) => string;
  readonly reader: Reader<Omit<StepOf<K>, 'name'> & { readonly name: string | undefined }>;
  /** The short form is the value of this key alone. */
  readonly short?: Reader<string>;
  /** Keys that a step cannot do without. */
  readonly required: readonly string[];
}

function step<K extends StepKind, const T extends Keys, const R extends keyof T & string>(
  kind: K,
  keys: T,
  required: readonly R[],
  make: (given: KeyValues<T>) => Omit<StepOf<K>, 'kind' | 'name' | 'when'> | undefined,
  called: (step: StepOf<K>) => string = () => kind.replaceAll('_', ' '),
): StepReader<K> {
  const reader = refine(record({ ...keys, ...COMMON }, required), (given) => {
    const made = make(given as KeyValues<T>);
    const common = given as KeyValues<typeof COMMON>;
    return made === undefined ? undefined : { kind, name: common.name, when: common.when, ...made };
  });
  return { called, reader: named(`step_${kind}`, reader) as unknown as StepReader<K>['reader'], required };
}

export const STEPS: { readonly [K in StepKind]: StepReader<K> } = {
  clone: step('clone', { depth: count(1, 1e9), recurse_submodules: flag }, [], (given) => ({
    depth: given.depth,
    recurseSubmodules: given.recurse_submodules ?? false,
  })),
  run: {
    ...step(
      'run',
      {
        command: commandText,
        environment,
        working_dir: text,
        shell: text,
        user: text,
        tty: refine(flag, (tty, node, place) => (tty ? place.flaw(node.offset, NO_TERMINAL) : tty)),
      },
      ['command'],
      (given) =>
        given.command === undefined
          ? undefined
          : {
              command: given.command,
              environment: given.environment ?? {},
              workingDir: given.working_dir,
              shell: given.shell,
              user: given.user,
            },
      ({ command }) => firstLine(command),
    ),
    short: text,
  },
  save_to_workspace: step(
    'save_to_workspace',
    {
      contents,
      on: oneOf('success', 'failure'),
      if_no_files: oneOf('warn', 'error', 'ignore'),
      deletions: flag,
    },
    ['contents'],
    (given) =>
      given.contents === undefined
        ? undefined
        : {
            contents: given.contents,
            on: given.on ?? 'success',
            ifNoFiles: given.if_no_files ?? 'warn',
            deletions: given.deletions ?? false,
          },
  ),
  restore_workspace: step(
    'restore_workspace',
    {
      dest_dir: directory('container'),
      on_conflict: conflictPolicy,
      tasks: list(name, 'tasks', 1),
      paths: globs,
    },
    [],
    (given) => ({
      destDir: given.dest_dir ?? '',
      onConflict: given.on_conflict ?? { kind: 'fail' },
      tasks: given.tasks,
      paths: given.paths,
    }),
  ),
  save_cache: step('save_cache', { key: cacheKey, contents }, ['key', 'contents'], (given) =>
    given.key === undefined || given.contents === undefined
      ? undefined
      : { key: given.key, contents: given.contents },
  ),
  restore_cache: step(
    'restore_cache',
    { keys: list(cacheKey, 'keys', 1), dest_dir: directory('container') },
    ['keys'],
    (given) => (given.keys === undefined ? undefined : { keys: given.keys, destDir: given.dest_dir ?? '' }),
  ),
};

const KINDS = Object.keys(STEPS) as StepKind[];
const isKind = (kind: string): kind is StepKind => Object.hasOwn(STEPS, kind);

function firstLine(command: string): string {
  const [line = '', ...more] = command.trim().split('\n');
  const cut = line.length > MAX_MADE_NAME || more.length > 0;
  // Not half of a character that takes two units.
  const shown = line.slice(0, MAX_MADE_NAME).replace(/[\uD800-\uDBFF]$/, '');
  return oneLine(shown).trimEnd() + (cut ? ' …' : '');
}

/** `- clone`, `- run: make`, `- run: { command: make }` or `- { type: run, command: make }`. */
export const stepReader: Reader<StepDefinition> = named('step', {
  read: (node, place) => {
    if (node.kind === 'list') return place.flaw(node.offset, 'must be a step, such as run: make');
    if (node.kind === 'scalar') return ofKind(node.text, node.offset, emptyMap(node), place);
    const type = node.entries.find(({ key }) => key === 'type');
    if (type !== undefined) {
      const kind = type.value.kind === 'scalar' ? type.value.text : '';
      const entries = node.entries.filter((entry) => entry !== type);
      return ofKind(kind, type.value.offset, { ...node, entries }, place);
    }
    const [first, second] = node.entries;
    if (first === undefined) return place.flaw(node.offset, 'is empty');
    if (second !== undefined) {
      const keys = `${oneLine(first.key)} and ${oneLine(second.key)}`;
      return place.flaw(second.offset, `has ${keys} side by side: put what belongs to a step below its kind`);
    }
    return ofKind(first.key, first.offset, first.value, place);
  },
  schema: (definitions) => ({ anyOf: KINDS.flatMap((kind) => schemasOf(kind, definitions)) }),
});

const emptyMap = ({ offset }: YamlNode): YamlMap => ({ kind: 'map', offset, entries: [] });

function ofKind(kind: string, offset: number, given: YamlNode, place: Place): StepDefinition | undefined {
  if (!isKind(kind)) {
    const near = () => nearNames(kind, KINDS);
    return place.remark(offset, `${place} is of an unknown kind: ${oneLine(kind) || '(none)'}`, {
      unknownKey: true,
      near,
    });
  }
  const { reader, called, short } = STEPS[kind] as StepReader<'run'>;
  const inner = place.at(kind);
  const isShort = short !== undefined && given.kind === 'scalar' && given.value !== null;
  const value: YamlNode = isShort
    ? { kind: 'map', offset: given.offset, entries: [{ key: 'command', offset: given.offset, value: given }] }
    : given.kind === 'scalar' && given.value === null
      ? emptyMap({ ...given, offset })
      : given;
  const read = reader.read(value, inner);
  if (read === undefined) return undefined;
  return { ...read, name: read.name ?? called(read as StepOf<'run'>) };
}

function schemasOf(kind: StepKind, definitions: SchemaDefinitions): JsonSchema[] {
  const { reader, short, required } = STEPS[kind];
  const body = reader.schema(definitions);
  const whole = definitions.get(`step_${kind}`)!;
  const bare = required.length === 0;
  const value = [body, ...(bare ? [{ type: 'null' }] : []), ...(short ? [short.schema(definitions)] : [])];
  return [
    {
      type: 'object',
      required: [kind],
      properties: { [kind]: { anyOf: value } },
      additionalProperties: false,
    },
    {
      ...whole,
      required: ['type', ...required],
      properties: { type: { const: kind }, ...(whole['properties'] as JsonSchema) },
    },
    ...(bare ? [{ const: kind }] : []),
  ];
}
