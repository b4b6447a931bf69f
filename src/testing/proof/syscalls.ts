/** The row of system calls that fail. */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { EXIT_CODES } from '../../base/index.ts';
import { Chance } from './chance.ts';
import { apart, factsOf } from './facts.ts';
import type { Facts } from './facts.ts';
import { prepareFault } from './fault.ts';
import { changeTree } from './growing-tree.ts';
import type { Ended } from './program.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import type { Ledger } from './site.ts';
import { expectListed, expectToGoOn, expectWhole } from './sound.ts';

/** `target` is not there, `used` has an older state and more. */
const OPERATIONS = {
  save: ['workspaces', 'save', './from', '-w', 'web'],
  restore: ['workspaces', 'restore', 'web@5', './target'],
  'restore into a used directory': ['workspaces', 'restore', 'web@5', './used', '--overwrite'],
  gc: ['store', 'gc', '--margin', '0'],
} as const;
/** Of the directory: few, so that all calls can be gone through. */
const FILES = 6;

type Operation = keyof typeof OPERATIONS;
const NAMES = Object.keys(OPERATIONS) as Operation[];

/** As many as a call can have different faults, and at last a disk that is full from there on. */
const KINDS = [0, 1, 2, 3, 'full'] as const;

/** What a failed call may be told as. Never damage, or somebody else's file: those who believe it would act on it. */
const TYPED: ReadonlySet<string> = new Set([
  'unavailable',
  'disk_full',
  'read_only',
  'unreadable',
  'file_changed',
]);

export const syscalls: ProofRow = {
  name: 'syscalls',
  claim:
    'Whichever system call of a save, a restore or a collection fails, the command ends well or with a typed error that says what and where; targets are as they were or complete, nothing saved is lost, and the same command works again.',
  unit: 'failed calls',
  planted: 'not planted but real: EDQUOT, for which Node has no name, ended a command with 70',
  perCommit: 8,
  needs: ['cc'],

  async open() {
    const site = await Site.open(FILES);
    await prepare(site);
    const calls = new Map<Operation, number>();
    for (const name of NAMES) {
      site.reset();
      const fault = prepareFault(site.beside('fault'), { under: site.directory });
      const { code, stderr } = await site.start(OPERATIONS[name], fault.environment).ended;
      if (code !== 0) throw new Error(`${name} ended with ${code} without any fault: ${stderr}`);
      calls.set(name, fault.seen());
    }
    return {
      async run(seed) {
        // One after the other, so that a long run meets each call of each operation, then each again with another fault.
        const operation = NAMES[seed % NAMES.length]!;
        const index = Math.floor(seed / NAMES.length);
        const total = calls.get(operation)!;
        const at = 1 + (index % total);
        const kind = KINDS[(index + Math.floor(index / total)) % KINDS.length]!;
        const ledger = site.reset();
        const scene = {
          target: factsAt(site, 'target'),
          used: factsAt(site, 'used'),
          from: factsOf(site.from),
        };
        const fault = prepareFault(site.beside('fault'), { under: site.directory, at, kind });
        const ended = await site.start(['--json', ...OPERATIONS[operation]], fault.environment).ended;
        const fired = fault.fired();
        try {
          const outcome = checkOutcome(ended);
          await checkEffect(site, ledger, operation, outcome, scene);
          const chance = new Chance(`syscalls ${seed}`);
          const pending = operation === 'save' ? scene.from : undefined;
          // All is read each time where something is deleted, now and then elsewhere.
          const isClose = operation === 'gc' || chance.once(4);
          if (isClose) await expectWhole(site, ledger, { pending }, chance);
          else await expectListed(site, ledger, { pending });
          await expectToWork(site, ledger, operation, scene);
          if (chance.once(8)) await expectToGoOn(site, ledger, chance);
          if (fired === undefined) return { count: 0, hit: ['no such call'] };
          return { count: 1, hit: [operation, fired.what, outcome] };
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(
            `${operation}, call ${at} of ${total} (${fired?.what}, ${fired?.path}): ${reason}\n${ended.stderr}`,
            { cause: error },
          );
        }
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

interface Told {
  readonly code: keyof typeof EXIT_CODES;
  readonly message: string;
}

interface Scene {
  readonly target: Facts;
  readonly used: Facts;
  readonly from: Facts;
}

/** Something to save, something to restore into, and something to collect. */
async function prepare(site: Site): Promise<void> {
  const ledger = site.reset();
  const chance = new Chance('the scene');
  const used = join(site.directory, 'used');
  await site.engine(async ({ workspaces }) => {
    await workspaces.restore('web@2', used);
    changeTree(used, chance);
    changeTree(site.from, chance);
    for (const ref of ['web@2', 'web@3']) {
      await workspaces.forget(ref);
      ledger.delete(ref);
    }
  });
  site.settle(ledger);
}

/** @returns how it ended, for the report */
function checkOutcome({ code, signal, stderr }: Ended): string {
  if (code === 0) return 'ended well';
  if (code === null) throw new Error(`it was ended by ${signal}`);
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const { error } = JSON.parse(last) as { error: Told };
  if (EXIT_CODES[error.code] !== code) throw new Error(`exit code ${code} with error ${error.code}`);
  // SQLite takes what cannot be read for damage.
  const isDatabase = error.code === 'integrity' && error.message.startsWith('cannot use database');
  if (!TYPED.has(error.code) && !isDatabase) throw new Error(`no call that failed is ${error.code}`);
  // A path, the name of an object, or a path in the directory.
  const names = error.message.replaceAll('i/o', 'io').includes('/') || error.message.endsWith(')');
  if (!names) throw new Error('its message does not say where');
  return error.code;
}

async function checkEffect(
  site: Site,
  ledger: Ledger,
  operation: Operation,
  outcome: string,
  before: Scene,
): Promise<void> {
  const wanted = ledger.get('web@5')!.facts;
  const didWell = outcome === 'ended well';
  if (operation === 'restore') {
    const found = factsAt(site, 'target');
    if (didWell || found.size > 0) expectSame('target', wanted, found);
  }
  if (operation === 'restore into a used directory') {
    const found = factsAt(site, 'used');
    if (didWell) expectSame('used', new Map([...before.used, ...wanted]), found);
    for (const [path, { told }] of found)
      if (
        !told.startsWith('directory') &&
        told !== before.used.get(path)?.told &&
        told !== wanted.get(path)?.told
      )
        throw new Error(`used/${path} is a ${told}`);
  }
  if (operation.startsWith('restore')) {
    for (const place of [site.directory, join(site.directory, 'used')])
      for (const name of readdirSync(place))
        if (name.startsWith('.strata-restore-')) throw new Error(`${place}/${name} was left behind`);
  }
  if (operation === 'save' && didWell) {
    const log = await site.engine(({ workspaces }) => workspaces.log('web'));
    if (log[0]?.snapshot !== 6) throw new Error('the save was acknowledged, and is not listed');
  }
}

/** The same without a fault. */
async function expectToWork(site: Site, ledger: Ledger, operation: Operation, before: Scene): Promise<void> {
  const wanted = ledger.get('web@5')!.facts;
  await site.engine(async ({ workspaces, store }) => {
    if (operation === 'gc') await store.collect({ margin: 0 });
    if (operation === 'save')
      await site.compare(workspaces, await site.save(workspaces, ledger), before.from);
    if (operation === 'restore') {
      const target = join(site.directory, 'target');
      rmSync(target, { recursive: true, force: true });
      await workspaces.restore('web@5', target);
      expectSame('target', wanted, factsOf(target));
    }
    if (operation === 'restore into a used directory') {
      const used = join(site.directory, 'used');
      await workspaces.restore('web@5', used, { overwrite: true });
      expectSame('used', new Map([...before.used, ...wanted]), factsOf(used));
    }
  });
}

function expectSame(what: string, expected: Facts, found: Facts): void {
  const lines = apart(expected, found);
  if (lines.length > 0) throw new Error(`${what} is not what it should be:\n${lines.join('\n')}`);
}

/** Nothing if it is not there. */
function factsAt(site: Site, name: string): Facts {
  const path = join(site.directory, name);
  return existsSync(path) ? factsOf(path) : new Map();
}
