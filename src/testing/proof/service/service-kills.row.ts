/** The row of commands that are killed between two requests, and of services that are killed beneath a command. */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { EXIT_CODES } from '../../../base/index.ts';
import { Chance } from '../chance.ts';
import { apart, factsOf } from '../facts.ts';
import type { Facts } from '../facts.ts';
import { changeTree } from '../growing-tree.ts';
import type { Ended } from '../program.ts';
import type { ProofRow } from '../row.ts';
import type { Ledger } from '../site.ts';
import { expectGoingOn, expectWhole } from '../sound.ts';
import { BucketSite } from './bucket-site.ts';
import { startS3 } from './provider.ts';

const COMMANDS = {
  save: ['workspaces', 'save', 'from', '-w', 'web'],
  restore: ['workspaces', 'restore', 'web@5', 'target'],
  collect: ['store', 'gc', '--margin', '0'],
} as const;
const KINDS = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
const VICTIMS = ['command', 'service'] as const;
/** Seconds: a service that comes back is waited for, or is not. */
const PATIENCES = [50, 50, 1] as const;
/** Milliseconds that a request takes on a slow way, at most. */
const SLOW = 200;
/** Milliseconds that a service is gone, at most, before it is started again. */
const ABSENCE = 1000;

export const serviceKills: ProofRow = {
  name: 'service-kills',
  claim:
    'A command that is killed between two requests, and a service that is killed beneath one, lose nothing acknowledged; the command completes, or says so, and the next one works.',
  unit: 'kills',
  planted: 'packs are deleted before the index no longer tells of them',
  perCommit: 4,
  needs: ['radosgw'],

  async open() {
    const provider = await startS3('bluestore');
    const site = await BucketSite.open(provider);
    const lengths = new Map<string, number>();
    return {
      async run(seed) {
        const chance = new Chance(`service-kills ${seed}`);
        const kind = KINDS[(seed - 1) % KINDS.length]!;
        const victim = VICTIMS[seed % VICTIMS.length]!;
        if (!lengths.has(kind)) lengths.set(kind, await requestsOf(site, kind));
        const patience = victim === 'service' ? chance.pick(PATIENCES) : PATIENCES[0];
        const ledger = await site.reset(seed, patience);
        const pending = await makeWork(site, kind, ledger, chance);
        const at = 1 + chance.below(lengths.get(kind)!);
        const ended =
          victim === 'command'
            ? await killCommand(site, kind, at, chance)
            : await killService(site, kind, at, provider.gateway, chance);
        site.configure(site.home, PATIENCES[0]);
        const told = `${kind}, ${victim} killed at request ${at} of ${lengths.get(kind)}, ended with ${ended.signal ?? ended.code}`;
        try {
          const known = ledger.size;
          await expectWhole(site, ledger, { pending }, chance);
          if (ended.code === 0 && pending !== undefined && ledger.size === known)
            throw new Error('the save was acknowledged, and is not listed');
          if (kind === 'restore') await expectRestored(site, ended, ledger.get('web@5')!.facts);
          await expectGoingOn(site, site.look, ledger, chance);
        } catch (error) {
          throw new Error(`${told}: ${error instanceof Error ? error.message : String(error)}`, {
            cause: error,
          });
        }
        const ending = ended.signal === 'SIGKILL' ? 'killed' : ended.code === 0 ? 'completed' : 'failed';
        if (!ended.isHit) return { count: 0, hit: ['ended before'] };
        return { count: 1, hit: [`${victim}, ${kind}: ${ending}`] };
      },
      async [Symbol.asyncDispose]() {
        await site[Symbol.asyncDispose]();
      },
    };
  },
};

/** @returns what a save will find */
async function makeWork(
  site: BucketSite,
  kind: keyof typeof COMMANDS,
  ledger: Ledger,
  chance: Chance,
): Promise<Facts | undefined> {
  rmSync(join(site.directory, 'target'), { recursive: true, force: true });
  if (kind === 'restore') return undefined;
  changeTree(site.from, chance, chance.pick([0, 400_000]));
  if (kind === 'save') return factsOf(site.from);
  await site.engine(async ({ workspaces }) => {
    await site.save(workspaces, ledger);
    const { forgotten } = await workspaces.forget('web', { keepLast: 2 });
    for (const number of forgotten) ledger.delete(`web@${number}`);
  });
  return undefined;
}

async function requestsOf(site: BucketSite, kind: keyof typeof COMMANDS): Promise<number> {
  const ledger = await site.reset(0, PATIENCES[0]);
  await makeWork(site, kind, ledger, new Chance('to be measured'));
  site.proxy.requests.clear();
  const { code, stderr } = await site.start(COMMANDS[kind]).ended;
  if (code !== 0) throw new Error(`${kind} ended with ${code}: ${stderr}`);
  return [...site.proxy.requests.values()].reduce((sum, count) => sum + count, 0);
}

/** @returns when the n-th request begins, or never */
function requestNumber({ proxy }: BucketSite, at: number): Promise<void> {
  return new Promise((resolve) => {
    let heard = 0;
    proxy.heard = () => {
      if (++heard === at) resolve();
    };
  });
}

interface Killed extends Ended {
  /** Something was killed before the command had ended. */
  readonly isHit: boolean;
}

/** In half of the cases requests take their time, each another, and those that have not come through by then get lost. */
async function killCommand(
  site: BucketSite,
  kind: keyof typeof COMMANDS,
  at: number,
  chance: Chance,
): Promise<Killed> {
  const { proxy } = site;
  const isSlow = chance.once(2);
  const latencies = chance.fork();
  proxy.latency = () => (isSlow ? latencies.below(SLOW) : 0);
  const now = requestNumber(site, at);
  const { child, ended } = site.start(COMMANDS[kind]);
  await Promise.race([now, ended]);
  proxy.drops = isSlow;
  child.kill('SIGKILL');
  const { signal, code, ...output } = await ended;
  await sleep(isSlow ? SLOW : 0);
  proxy.heard = () => {};
  proxy.latency = () => 0;
  proxy.drops = false;
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`${kind} ended with ${code}: ${output.stderr}`);
  return { signal, code, ...output, isHit: signal === 'SIGKILL' };
}

async function killService(
  site: BucketSite,
  kind: keyof typeof COMMANDS,
  at: number,
  gateway: { kill(): Promise<void>; revive(): Promise<void> },
  chance: Chance,
): Promise<Killed> {
  const now = requestNumber(site, at);
  const absence = chance.below(ABSENCE);
  const { ended } = site.start(COMMANDS[kind]);
  const isHit = await Promise.race([now.then(() => true), ended.then(() => false)]);
  if (isHit) {
    await gateway.kill();
    await sleep(absence);
    await gateway.revive();
  }
  const result = await ended;
  site.proxy.heard = () => {};
  const isClean = result.code === EXIT_CODES.unavailable && /S3 bucket proof.*\(tried /s.test(result.stderr);
  if (result.code !== 0 && !isClean)
    throw new Error(`${kind} ended with ${result.signal ?? result.code}: ${result.stderr}`);
  return { ...result, isHit };
}

/** A new target is whole or not there; then it is made. */
async function expectRestored(site: BucketSite, { code }: Ended, wanted: Facts): Promise<void> {
  const target = join(site.directory, 'target');
  if (code === 0 && !existsSync(target))
    throw new Error('the restore was acknowledged, and nothing is there');
  if (!existsSync(target)) await site.engine(({ workspaces }) => workspaces.restore('web@5', target));
  const lines = apart(wanted, factsOf(target));
  if (lines.length > 0) throw new Error(`what was restored is different:\n${lines.join('\n')}`);
}
