/** The row of requests that go wrong between a home and the service that has its store. */

import { setTimeout as sleep } from 'node:timers/promises';

import { FAULTS, operationsFor } from '../../fault.ts';
import type { Fault, FaultRule } from '../../fault.ts';
import { LATE } from '../../fault-proxy.ts';
import { Chance } from '../chance.ts';
import type { ProofRow } from '../row.ts';
import { expectGoingOn } from '../sound.ts';
import { BucketSite, FAR_REGIONS } from './bucket-site.ts';
import { cleanCode } from './clean-failure.ts';
import { OPERATIONS } from './operations.ts';
import type { Attempt, Case } from './operations.ts';
import { startGcs, startS3 } from './provider.ts';
import { chooseReplication, expectRegions } from './replication.ts';

/** Seconds that a request is tried again; a quarter of them it may be silent. */
const PATIENCE = 3;
/** Milliseconds. A few requests in a row that each use up their patience, and others at work on the machine. */
const LONGEST = 60_000;

const KINDS = Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[];
/** One request; of all so many. */
const RATES = ['one', 0.1, 1] as const;

export const serviceFaults: ProofRow = {
  name: 'service-faults',
  claim:
    'Whatever goes wrong with requests to the service, a command completes, or fails cleanly in bounded time: nothing acknowledged is lost, and the next one works.',
  unit: 'commands with faults',
  planted:
    'what is uploaded to Google over a line without TLS has no sum; a replica is listed before its packs are stored',
  perCommit: KINDS.length,
  needs: ['radosgw'],

  async open() {
    const sites = [await BucketSite.open(await startS3()), await BucketSite.open(await startGcs())] as const;
    return {
      /** All kinds of faults one after another, in one home: what one leaves behind the next one meets. */
      async run(seed) {
        const at = seed - 1;
        const operation = KINDS[at % KINDS.length]!;
        const round = Math.floor(at / KINDS.length);
        // Any few seeds in a row meet both services.
        const site = sites[((at % KINDS.length) + round) % 2]!;
        const rate = RATES[Math.floor(round / 2) % RATES.length]!;
        const chance = new Chance(`service-faults ${seed}`);
        const ledger = await site.reset(seed, PATIENCE);
        const replication = chooseReplication(chance);
        const of = { site, ledger, chance, patience: PATIENCE, replication };
        const prepare = () => OPERATIONS[operation](of);
        const requests = await measure(of, prepare);
        const hit: string[] = [];
        for (const fault of FAULTS) {
          try {
            const outcome = await one(of, prepare, fault, { rate, requests });
            if (outcome !== undefined) hit.push(`${site.provider.name} ${operation}: ${outcome}`);
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            throw new Error(`${fault} (${rate}) at ${site.provider.name} ${operation}: ${reason}`, {
              cause: error,
            });
          }
        }
        await forgetMost(of);
        if (operation === 'replicate') await expectRegions(of);
        await expectGoingOn(site, site.look(), ledger, chance);
        return { count: hit.length, hit };
      },
      async [Symbol.asyncDispose]() {
        for (const site of sites) await site[Symbol.asyncDispose]();
      },
    };
  },
};

/** All that is left will be restored. */
async function forgetMost({ site, ledger }: Case): Promise<void> {
  await site.engine(async ({ workspaces }) => {
    const { forgotten } = await workspaces.forget('web', { keepLast: 4 });
    for (const number of forgotten) ledger.delete(`web@${number}`);
  });
}

type Requests = ReadonlyMap<string, number>;

/** How many requests of each kind the command makes when nothing goes wrong. */
async function measure({ site }: Case, prepare: () => Promise<Attempt>): Promise<Requests> {
  const attempt = await prepare();
  site.proxy.requests.clear();
  await attempt.run();
  const requests = new Map(site.proxy.requests);
  await attempt.check(true);
  return requests;
}

/** @returns how it ended; undefined if nothing went wrong with any request */
async function one(
  of: Case,
  prepare: () => Promise<Attempt>,
  fault: Fault,
  { rate, requests }: { readonly rate: (typeof RATES)[number]; readonly requests: Requests },
): Promise<string | undefined> {
  const { site, chance, ledger } = of;
  const { proxy } = site;
  const operations = operationsFor(fault);
  if (fault === 'stale list') {
    // It has to be old: somebody looked, then something was saved.
    await listAll(of);
    await site.engine(async ({ workspaces }) => void (await site.save(workspaces, ledger)));
  }
  const attempt = await prepare();
  const many = (operations ?? [...requests.keys()]).reduce((sum, each) => sum + (requests.get(each) ?? 0), 0);
  const faults = [fault];
  const rule: FaultRule =
    rate === 'one'
      ? { faults, rate: 1, operations, only: 1 + chance.below(many) }
      : { faults, rate, operations };
  proxy.happened.clear();
  proxy.rules = [rule];
  const started = performance.now();
  const error = await attempt.run().then(
    () => undefined,
    (reason: unknown) => ({ reason }),
  );
  const took = performance.now() - started;
  proxy.rules = [];
  if (took > LONGEST) throw new Error(`it took ${took.toFixed()} ms`);
  const ending = error === undefined ? 'completed' : cleanCode(site, error.reason, attempt.names);
  if (fault === 'late') await sleep(LATE * 2);
  await attempt.check(error === undefined);
  return proxy.happened.has(fault) ? ending : undefined;
}

/** Everything that a command may list, as it is now: a proxy gives it again. */
async function listAll({ site }: Case): Promise<void> {
  for (const region of FAR_REGIONS) {
    const proxied = site.proxied(region);
    const prefixes = new Set(['']);
    for (const name of await site.names(region))
      for (let end = name.indexOf('/'); end >= 0; end = name.indexOf('/', end + 1))
        prefixes.add(name.slice(0, end + 1));
    for (const prefix of prefixes) for await (const _ of proxied.list(prefix)) break;
  }
}
