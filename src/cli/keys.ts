/** `keys`: status, rotate-root, rotate-tenant, destroy-tenant, export-recovery */

import { resolve } from 'node:path';

import type { Command } from 'commander';

import { StrataError } from '../base/index.ts';
import type { KeyStatus, RegionKeys } from '../engine/index.ts';
import { nonEmpty } from './argument.ts';
import { formatDate, printable, table } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { writeSecret } from './secret-file.ts';
import { isoTime } from './shapes.ts';

interface RotateFlags {
  readonly newPassphraseFile?: string;
  readonly newKeyCommand?: boolean;
}

const STATUS_SHAPE =
  '{source, region, rootKey, storeId, tenants:[{name, keyVersions, created}], regions:[{region, rootKey, storeId,\n' +
  'tenants}], problems:[{region, message}]}. regions: all that can be asked; the first is told at the top too.';

export function registerKeys(noun: Command, invocation: Invocation): void {
  const status = noun
    .command('status')
    .description('where the root key comes from, and what it opens')
    .action(() => showStatus(invocation));
  addExamples(status, ['keys status']);
  addJsonHelp(status, STATUS_SHAPE);

  const rotate = noun
    .command('rotate-root')
    .description('seal all key records with a new root key; file data stays as it is')
    .argument(
      '[command...]',
      'with --new-key-command: what prints the new key; put -- before it if it has flags',
    )
    .option(
      '--new-passphrase-file <file>',
      'for a store with a passphrase: its first line is the new one',
      nonEmpty,
    )
    .option('--new-key-command', 'for a store with a key command: the new one follows')
    .action((words: readonly string[], flags: RotateFlags) => rotateRoot(invocation, words, flags));
  addExamples(rotate, [
    'keys rotate-root',
    'keys rotate-root --new-passphrase-file ./new',
    'keys rotate-root --new-key-command -- kms unwrap --key strata-2',
  ]);
  addJsonHelp(rotate, `${STATUS_SHAPE} with the new root key`);

  const rotateOne = noun
    .command('rotate-tenant')
    .description('seal what a tenant saves from now on with a new key')
    .argument('[tenant]', 'the tenant (default: the one that --tenant names)')
    .action((name: string | undefined) => rotateTenant(invocation, name));
  addExamples(rotateOne, ['keys rotate-tenant', 'keys rotate-tenant customer-7']);
  addJsonHelp(rotateOne, STATUS_SHAPE);

  const destroy = noun
    .command('destroy-tenant')
    .description('destroy the keys of a tenant and all it has; nobody can read any of it again')
    .argument('<tenant>', 'the tenant')
    .option('--yes', 'it is meant')
    .action((name: string, flags: { yes?: boolean }) => destroyTenant(invocation, name, flags));
  addExamples(destroy, ['keys destroy-tenant customer-7 --yes']);
  addJsonHelp(destroy, '{tenant}');

  const recovery = noun
    .command('export-recovery')
    .description('the root key as a line of text, to be kept in a safe place')
    .argument('[file]', 'a new file that only you can read (default: stdout)', nonEmpty)
    .action((file: string | undefined) => exportRecovery(invocation, file));
  addExamples(recovery, ['keys export-recovery', 'keys export-recovery /media/usb/strata-root-key']);
  addJsonHelp(recovery, '{recovery}, or {file} when one is given');
  addExamples(noun, ['keys status', 'keys export-recovery']);
}

async function showStatus(invocation: Invocation): Promise<void> {
  await withEngine(invocation, async ({ keys }) => {
    const status = await keys.status({ signal: invocation.world.signal });
    await invocation.terminal.result(statusJson(status), statusLines(status), statusLines(status));
  });
}

async function rotateRoot(
  invocation: Invocation,
  words: readonly string[],
  flags: RotateFlags,
): Promise<void> {
  const { terminal, world } = invocation;
  if (flags.newKeyCommand !== true && words.length > 0) {
    throw new StrataError('bad_input', `nobody asked for ${words.join(' ')}`, {
      hint: 'A command that prints the new root key comes after --new-key-command.',
    });
  }
  if (flags.newKeyCommand === true && words.length === 0) {
    throw new StrataError('bad_input', '--new-key-command has no command behind it', {
      hint: 'Give a program and its arguments, after -- if they have flags.',
    });
  }
  const file = flags.newPassphraseFile;
  const newPassphraseFile = file === undefined ? undefined : resolve(world.cwd, file);
  const newKeyCommand = flags.newKeyCommand === true ? words : undefined;
  await withEngine(invocation, async ({ keys }) => {
    const status = await keys.rotateRoot({ newPassphraseFile, newKeyCommand, signal: world.signal });
    await terminal.result(statusJson(status), [
      'The root key is a new one: copies of the old one, recovery keys too, open nothing any more.',
      ...statusLines(status),
    ]);
  });
}

async function rotateTenant(invocation: Invocation, name: string | undefined): Promise<void> {
  const { terminal, world, flags } = invocation;
  const tenant = name ?? flags.tenant ?? 'default';
  await withEngine(invocation, async ({ keys }) => {
    const status = await keys.rotateTenant(tenant, { signal: world.signal });
    await terminal.result(statusJson(status), [
      `What ${tenant} saves from now on is sealed with a new key; what is stored opens with the old ones.`,
      ...statusLines(status),
    ]);
  });
}

async function destroyTenant(
  invocation: Invocation,
  name: string,
  { yes }: { readonly yes?: boolean },
): Promise<void> {
  const { terminal, world } = invocation;
  if (yes !== true) {
    throw new StrataError('bad_input', `nothing was done: all that ${name} has would be gone for good`, {
      hint: 'Give --yes if that is meant. Copies of the store that you keep elsewhere still have its keys.',
    });
  }
  await withEngine(invocation, async ({ keys }) => {
    await keys.destroyTenant(name, { signal: world.signal });
    await terminal.result({ tenant: name }, [`the keys of ${name} are destroyed, and all it had is gone`]);
  });
}

async function exportRecovery(invocation: Invocation, file: string | undefined): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ keys }) => {
    const recovery = await keys.exportRecovery({ signal: world.signal });
    if (file === undefined) {
      await terminal.result({ recovery }, [recovery], [recovery]);
    } else {
      writeSecret(resolve(world.cwd, file), `${recovery}\n`);
      await terminal.result({ file: resolve(world.cwd, file) }, [`wrote the root key to ${file}`]);
    }
    terminal.warn('whoever has this line and the store can read everything in it');
  });
}

function statusJson({ regions, ...rest }: KeyStatus): object {
  return { ...rest, ...keysJson(rest), regions: regions.map(keysJson) };
}

function keysJson({ region, rootKey, storeId, tenants }: RegionKeys): object {
  const told = tenants.map((tenant) => ({ ...tenant, created: isoTime(tenant.created) }));
  return { region, rootKey, storeId, tenants: told };
}

function statusLines({ source, regions, problems }: KeyStatus): string[] {
  const named = regions.length + problems.length > 1;
  return [
    ...table([['source', source]], ['left', 'left']),
    ...regions.flatMap((each) => [...(named ? ['', each.region] : []), ...regionLines(each)]),
    ...problems.flatMap(({ region, message }) => ['', region, printable(message)]),
  ];
}

function regionLines({ rootKey, storeId, tenants }: RegionKeys): string[] {
  const facts = [
    ['root key', rootKey],
    ['store', storeId],
  ];
  const rows = tenants.map(({ name, keyVersions, created }) => [
    printable(name),
    String(keyVersions),
    formatDate(created),
  ]);
  return [
    ...table(facts, ['left', 'left']),
    ...(rows.length === 0
      ? []
      : ['', ...table([['TENANT', 'KEYS', 'CREATED'], ...rows], ['left', 'right', 'left'])]),
  ];
}
