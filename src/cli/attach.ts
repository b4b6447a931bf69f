/** `store attach` */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import { systemError } from '../base/index.ts';
import { nonEmpty } from './argument.ts';
import { counted, formatSeconds } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { addRegion } from './region.ts';
import type { RegionFlags } from './region.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';

interface AttachFlags extends RegionFlags {
  readonly recovery?: string;
  readonly endpoint?: string;
  readonly bucketRegion?: string;
  readonly caFile?: string;
  readonly takeOver?: boolean;
}

export function registerAttach(noun: Command, invocation: Invocation): void {
  const command = addRegion(noun.command('attach'))
    .description('take what is in a store into this home: to read, or to own it')
    .argument('<store>', 'a directory, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX', nonEmpty)
    .option('--endpoint <url>', "of a service that is not the provider's own", nonEmpty)
    .option('--bucket-region <name>', "Amazon's region of an S3 bucket", nonEmpty)
    .option('--ca-file <file>', 'authorities to trust for an S3 endpoint, PEM', nonEmpty)
    .option('--recovery <file>', 'the recovery key, to be kept as the key file of this home', nonEmpty)
    .option('--take-over', 'own the store from now on; the home that did stops')
    .action((store: string, flags: AttachFlags) => attach(invocation, store, flags));
  addExamples(command, [
    '--home ~/reader store attach /mnt/backup/store --recovery ./recovery-key',
    'store attach s3://my-bucket/web/ --bucket-region us-west-2 --take-over',
    'store attach /srv/strata/store --take-over',
  ]);
  addJsonHelp(command, '{store, role, tenants:[…], workspaces, snapshots, unreadable:[…], seconds}');
}

async function attach(invocation: Invocation, where: string, flags: AttachFlags): Promise<void> {
  const { terminal, world } = invocation;
  const { home, config } = invocation.flags;
  const { prepareAttach } = await import('../engine/index.ts');
  const recovery = flags.recovery === undefined ? undefined : read(resolve(world.cwd, flags.recovery));
  const { endpoint, bucketRegion, caFile, region } = flags;
  const options = { home, config, env: world.env, cwd: world.cwd, region };
  const prepared = await prepareAttach(options, where, recovery, { endpoint, region: bucketRegion, caFile });
  let isAttached = false;
  try {
    await withEngine(invocation, async ({ store }) => {
      const result = await store.attach({ region, takeOver: flags.takeOver, signal: world.signal });
      isAttached = true;
      for (const name of result.unreadable)
        terminal.warn(`${name} cannot be read: what it tells is left out`);
      await terminal.result(result, [
        result.role === 'owner'
          ? `this home owns ${result.store} now; the one that did can only read it`
          : `attached ${result.store} to read; attach it again to see what is new`,
        `  ${counted(result.tenants.length, 'tenant')}, ${counted(result.workspaces, 'workspace')}, ` +
          `${counted(result.snapshots, 'snapshot')} in ${formatSeconds(result.seconds)}`,
      ]);
    });
  } catch (error) {
    if (!isAttached) prepared.undo();
    throw error;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw systemError(error, `read the recovery key in ${file}`);
  }
}
