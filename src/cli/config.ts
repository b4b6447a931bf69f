/** `config check` */

import type { Command } from 'commander';

import type { Config, KeySource, PlaceConfig } from '../engine/index.ts';
import { counted, table } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import type { Invocation } from './invocation.ts';

const DAY_MS = 86_400_000;

export function registerConfig(noun: Command, invocation: Invocation): void {
  const check = noun
    .command('check')
    .description('read the configuration, tell all that is wrong with it, or what it comes to')
    .action(() => checkConfig(invocation));
  addExamples(check, ['config check', 'config check --config ./strata.yaml']);
  addJsonHelp(
    check,
    '{file, home, storage:{…}, runs:{retention}, executors:[…]} with everything filled in; file is null when there is none',
  );
  addExamples(noun, ['config check']);
}

async function checkConfig({ world, flags, terminal }: Invocation): Promise<void> {
  const { loadConfig } = await import('../engine/index.ts');
  const config = await loadConfig({ home: flags.home, config: flags.config, env: world.env, cwd: world.cwd });
  await terminal.result({ ...config, file: config.file ?? null }, configLines(config));
}

function configLines({ file, home, storage, runs, executors }: Config): string[] {
  const { retention, baseDir, defaultQuotaMb } = storage.workspace;
  const days = (milliseconds: number) => counted(Math.round((milliseconds / DAY_MS) * 100) / 100, 'day');
  return [
    file === undefined
      ? 'There is no configuration file: everything is as by default.'
      : `${file} is in order.`,
    ...table(
      [
        ['home', home],
        ['store', placeText(storage)],
        ...(storage.provider === 'local'
          ? []
          : [['cache', `${storage.cache.path}, at most ${storage.cache.sizeMb} MB`]]),
        ['root key', sourceText(storage.encryption)],
        ['workspaces', baseDir],
        ['quota', `${defaultQuotaMb} MB`],
        [
          'retention',
          `${days(retention.default)} (at least ${days(retention.min)}, at most ${days(retention.max)})`,
        ],
        ['runs', `layers stay ${days(runs.retention)} after the end`],
        ['executors', executors.length === 0 ? 'this machine' : executors.map(executorText).join('; ')],
      ],
      ['left', 'left'],
    ),
  ];
}

/** As other tools write it. */
function placeText({ provider, local, s3, gcs }: PlaceConfig): string {
  if (provider === 'local') return local.path;
  const { bucket, prefix, endpoint } = (provider === 's3' ? s3 : gcs)!;
  const at = endpoint === undefined ? '' : ` at ${endpoint}`;
  return `${provider === 's3' ? 's3' : 'gs'}://${bucket}/${prefix}${at}`;
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
