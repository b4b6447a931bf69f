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
import { expectGoingOn, expectWhole } from '../sound.ts';
import { BucketSite } from './bucket-site.ts';
import type { Case } from './operations.ts';
import { startS3 } from './provider.ts';
import { chooseReplication, expectRegions, expectReplicated, makeReplicable } from './replication.ts';
import type { Replication } from './replication.ts';

const COMMANDS = {
  save: ['workspaces', 'save', 'from', '-w', 'web'],
  restore: ['workspaces', 'restore', 'web@5', 'target'],
  collect: ['store', 'gc', '--margin', '0'],
} as const;
const KINDS = [...(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]), 'replicate'] as const;
type Kind = (typeof KINDS)[number];
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
  planted:
    'packs are deleted before the index no longer tells of them; a replica is listed before its packs are stored',
  perCommit: 5,
  needs: ['radosgw'],

  async open() {
    const provider = await startS3('bluestore');
    const site = await BucketSite.open(provider);
    const lengths = new Map<string, number>();
    return {
      async run(seed) {
        const chance = new Chance(`service-kills ${seed}`);
        const kind = KINDS[(seed - 1) % KINDS.length]!;
        // Each kind meets both.
        const victim = VICTIMS[(seed + Math.floor((seed - 1) / KINDS.length)) % VICTIMS.length]!;
        const patience = victim === 'service' ? chance.pick(PATIENCES) : PATIENCES[0];
        const replication = chooseReplication(chance);
        // Half of the replicas are the first that come to a region: its store has to be made.
        const isWarm = chance.once(2);
        const way = kind === 'replicate' ? `${kind} ${replication.workspace} ${isWarm}` : kind;
        const length = lengths.get(way) ?? (await requestsOf(site, kind, replication, isWarm));
        lengths.set(way, length);
        const ledger = await site.reset(seed, patience);
        const of = { site, ledger, chance, patience, replication };
        const { words, pending, ref } = await makeWork(of, kind, isWarm);
        const at = 1 + chance.below(length);
        const ended =
          victim === 'command'
            ? await killCommand(site, words, at, chance)
            : await killService(site, words, at, provider.gateway, chance);
        site.configure(site.home, PATIENCES[0]);
        const told = `${words.join(' ')}, ${victim} killed at request ${at} of ${length}, ended with ${ended.signal ?? ended.code}`;
        try {
          const known = ledger.size;
          await expectWhole(site, ledger, { pending }, chance);
          if (ended.code === 0 && pending !== undefined && ledger.size === known)
            throw new Error('the save was acknowledged, and is not listed');
          if (kind === 'restore') await expectRestored(site, ended, ledger.get('web@5')!.facts);
          if (ref !== undefined) {
            if (ended.code === 0) replication.kept.set(ref, ledger.get(ref)!);
            await expectReplicated(of, ref);
            await expectRegions(of);
          }
          await expectGoingOn(site, site.look(), ledger, chance);
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

interface Work {
  /** Of the command. */
  readonly words: readonly string[];
  /** What a save will find. */
  readonly pending?: Facts;
  /** What is to be replicated. */
  readonly ref?: string;
}

/** @param isWarm the region that a replica comes to has one already */
async function makeWork(of: Case, kind: Kind, isWarm: boolean): Promise<Work> {
  const { site, ledger, chance, replication } = of;
  if (kind === 'replicate') {
    const ref = await makeReplicable(of, isWarm);
    return { words: ['workspaces', 'replicate', ref, '--to', replication.to], ref };
  }
  const words = COMMANDS[kind];
  rmSync(join(site.directory, 'target'), { recursive: true, force: true });
  if (kind === 'restore') return { words };
  changeTree(site.from, chance, chance.pick([0, 400_000]));
  if (kind === 'save') return { words, pending: factsOf(site.from) };
  await site.engine(async ({ workspaces }) => {
    await site.save(workspaces, ledger);
    const { forgotten } = await workspaces.forget('web', { keepLast: 2 });
    for (const number of forgotten) ledger.delete(`web@${number}`);
  });
  return { words };
}

async function requestsOf(
  site: BucketSite,
  kind: Kind,
  replication: Replication,
  isWarm: boolean,
): Promise<number> {
  const patience = PATIENCES[0];
  const ledger = await site.reset(0, patience);
  const chance = new Chance('to be measured');
  const of = { site, ledger, chance, patience, replication: { ...replication, kept: new Map() } };
  const { words } = await makeWork(of, kind, isWarm);
  site.proxy.requests.clear();
  const { code, stderr } = await site.start(words).ended;
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
  words: readonly string[],
  at: number,
  chance: Chance,
): Promise<Killed> {
  const { proxy } = site;
  const isSlow = chance.once(2);
  const latencies = chance.fork();
  proxy.latency = () => (isSlow ? latencies.below(SLOW) : 0);
  const now = requestNumber(site, at);
  const { child, ended } = site.start(words);
  await Promise.race([now, ended]);
  proxy.drops = isSlow;
  child.kill('SIGKILL');
  const { signal, code, ...output } = await ended;
  await sleep(isSlow ? SLOW : 0);
  proxy.heard = () => {};
  proxy.latency = () => 0;
  proxy.drops = false;
  if (signal !== 'SIGKILL' && code !== 0)
    throw new Error(`${words.join(' ')} ended with ${code}: ${output.stderr}`);
  return { signal, code, ...output, isHit: signal === 'SIGKILL' };
}

async function killService(
  site: BucketSite,
  words: readonly string[],
  at: number,
  gateway: { kill(): Promise<void>; revive(): Promise<void> },
  chance: Chance,
): Promise<Killed> {
  const now = requestNumber(site, at);
  const absence = chance.below(ABSENCE);
  const { ended } = site.start(words);
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
    throw new Error(`${words.join(' ')} ended with ${result.signal ?? result.code}: ${result.stderr}`);
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
