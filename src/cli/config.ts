/** `config check` */

import type { Command } from 'commander';

import type { Config, KeySource } from '../engine/index.ts';
import { counted, table } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import type { Invocation } from './invocation.ts';

const DAY_MS = 86_400_000;
const SMALLER = [
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

export function registerConfig(noun: Command, invocation: Invocation): void {
  const check = noun
    .command('check')
    .description('read the configuration, tell all that is wrong with it, or what it comes to')
    .action(() => checkConfig(invocation));
  addExamples(check, ['config check', 'config check --config ./strata.yaml']);
  addJsonHelp(
    check,
    '{file, home, storage:{…}, regions:[{name, …}], runs:{retention}, executors:[…]} with everything filled in; file is null when there is none',
  );

  const regions = noun
    .command('regions')
    .description('the stores that there are, by the names that --region takes')
    .action(() => listRegions(invocation));
  addExamples(regions, ['config regions', 'config regions --quiet']);
  addJsonHelp(regions, '{regions:[{region, store}]}. The first is the one of `storage`.');
  addExamples(noun, ['config check']);
}

async function checkConfig(invocation: Invocation): Promise<void> {
  const { config, stores, variables } = await load(invocation);
  const lines = configLines(config, stores, variables);
  await invocation.terminal.result({ ...config, file: config.file ?? null }, lines);
}

async function listRegions(invocation: Invocation): Promise<void> {
  const { stores } = await load(invocation);
  const lines = table(
    [['REGION', 'STORE'], ...stores.map(({ region, store }) => [region, store])],
    ['left', 'left'],
  );
  await invocation.terminal.result(
    { regions: stores },
    lines,
    stores.map(({ region }) => region),
  );
}

interface NamedStore {
  readonly region: string;
  /** Its place, as people write it. */
  readonly store: string;
}

interface Loaded {
  readonly config: Config;
  /** That it names, that of `storage` in front. */
  readonly stores: readonly NamedStore[];
  /** By store: the variable that says where its service is, if one does. */
  readonly variables: readonly (string | undefined)[];
}

async function load({ world, flags }: Invocation): Promise<Loaded> {
  const { DEFAULT_REGION, endpointVariable, loadConfig, placeText } = await import('../engine/index.ts');
  const config = await loadConfig({ home: flags.home, config: flags.config, env: world.env, cwd: world.cwd });
  const places = [{ name: DEFAULT_REGION, ...config.storage }, ...config.regions];
  return {
    config,
    stores: places.map((place) => ({ region: place.name, store: placeText(place) })),
    variables: places.map((place) => endpointVariable(place, world.env)),
  };
}

function configLines(
  { file, home, storage, regions, runs, executors }: Config,
  stores: readonly NamedStore[],
  variables: Loaded['variables'],
): string[] {
  const { retention, baseDir, defaultQuotaMb } = storage.workspace;
  const places = [storage, ...regions];
  return [
    file === undefined
      ? 'There is no configuration file: everything is as by default.'
      : `${file} is in order.`,
    ...table(
      [
        ['home', home],
        ...stores.map(({ region, store }, at) => [
          at === 0 ? 'store' : `region ${region}`,
          [store, ...serviceWords(places[at]!, variables[at])].join(', '),
        ]),
        ...(places.every(({ provider }) => provider === 'local')
          ? []
          : [
              ['cache', `${storage.cache.path}, at most ${storage.cache.sizeMb} MB`],
              ['limits', limitWords(storage.limits)],
            ]),
        ['root key', sourceText(storage.encryption)],
        ['workspaces', baseDir],
        ['quota', `${defaultQuotaMb} MB`],
        [
          'retention',
          `${lengthWords(retention.default)} (at least ${lengthWords(retention.min)}, at most ${lengthWords(retention.max)})`,
        ],
        ['runs', `layers stay ${lengthWords(runs.retention)} after the end`],
        ['executors', executors.length === 0 ? 'this machine' : executors.map(executorText).join('; ')],
      ],
      ['left', 'left'],
    ),
  ];
}

/** What the file says besides of where requests go, and whom they trust; and what the client of the service heeds where it says nothing. */
function serviceWords(
  { provider, s3 }: Config['storage'] | Config['regions'][number],
  variable: string | undefined,
): string[] {
  const { region, caFile } = (provider === 's3' ? s3 : undefined) ?? {};
  return [
    ...(variable === undefined ? [] : [`at what $${variable} says`]),
    ...(region === undefined ? [] : [`region ${region}`]),
    ...(caFile === undefined ? [] : [`trusting ${caFile}`]),
  ];
}

function limitWords({ requests, uploadMb, downloadMb, retrySeconds }: Config['storage']['limits']): string {
  return [
    `${counted(requests, 'request')} at a time`,
    ...(uploadMb === undefined ? [] : [`up ${uploadMb} MB/s`]),
    ...(downloadMb === undefined ? [] : [`down ${downloadMb} MB/s`]),
    `tried again for ${lengthWords(retrySeconds * 1000)}`,
  ].join(', ');
}

/** `1.5 days`; what is less than one in the largest unit that leaves nothing over, as in `36 minutes`. */
function lengthWords(milliseconds: number): string {
  if (milliseconds >= DAY_MS) return counted(Math.round((milliseconds / DAY_MS) * 100) / 100, 'day');
  const [unit, size] = SMALLER.find(([, each]) => milliseconds % each === 0) ?? SMALLER[2];
  return counted(milliseconds / size, unit);
}

function executorText({ name, type, arch, labels, slots }: Config['executors'][number]): string {
  const needs = labels.length > 0 ? `, ${labels.join(', ')}` : '';
  return `${name} (${type}, ${arch}${needs}, ${counted(slots, 'slot')})`;
}

function sourceText(source: KeySource): string {
  switch (source.kind) {
    case 'key_file':
      return source.path;
    case 'passphrase_file':
      return `passphrase in ${source.path}`;
    case 'passphrase_env':
      return `passphrase in $${source.variable}`;
    case 'key_command':
      return `printed by ${source.command.join(' ')}`;
  }
}
