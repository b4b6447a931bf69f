/** What Strata wants to be where the store is on a service. */

import type { ServiceResult } from './results.ts';
import { requestsIn } from './proxy.ts';
import { rowsOf, slowdownOf } from './statistics.ts';
import type { Operation } from './peers.ts';
import { atMost, faster } from './targets.ts';
import type { Judged } from './targets.ts';

const US = 'strata';
const OTHERS = ['restic'];
/** Of memory, for a file of any size. Bytes, of all processes. */
const CEILING = 400e6;
/** After one edited line: a round trip is what costs, and 256 KB is a second of a slow line. */
const LINE_REQUESTS = 8;
const LINE_BYTES = 256e3;
const FAR = 1.5;

/** Times as fast as the others: target, floor. */
const FASTER: readonly (readonly [Operation, string, number, number])[] = [
  ['first', 'first save', 2, 1.5],
  ['unchanged', 'unchanged save', 2, 1.5],
  ['edited', 'save after an edit', 2, 1.5],
  ['restore', 'full restore', 1.5, 1.2],
];

export function judgeService(result: ServiceResult): Judged[] {
  const { corpus, rows } = result;
  if (corpus === 'large file') return [memory(result)];
  return [
    ...FASTER.filter(([operation]) => rowsOf(rows, US, operation).length > 0).map(
      ([operation, title, target, floor]) => faster(rows, title, operation, OTHERS, target, floor),
    ),
    ...line(result),
    ...far(result),
  ];
}

/** Of the session alone: there it is what an agent does all day. */
function line({ corpus, counted }: ServiceResult): Judged[] {
  const traffic = rowsOf(counted, US, 'line')[0]?.traffic;
  if (corpus !== 'session' || traffic === undefined) return [];
  const requests = requestsIn(traffic);
  const bytes = traffic.up + traffic.down;
  return [
    {
      row: 'save after one edited line',
      against: '',
      value: `${requests} requests, ${(bytes / 1e3).toFixed(1)} KB`,
      target: `≤ ${LINE_REQUESTS} requests, < ${LINE_BYTES / 1e3} KB`,
      floor: '–',
      verdict: requests <= LINE_REQUESTS && bytes < LINE_BYTES ? 'met' : 'missed',
    },
  ];
}

function far({ rows }: ServiceResult): Judged[] {
  const own = slowdownOf(rows, US, 'far', 'near');
  if (own === undefined) return [];
  const judged = atMost('full restore, 50 ms further away', 'itself', own, '× as long', FAR);
  const theirs = slowdownOf(rows, 'restic', 'far', 'near');
  return [
    {
      ...judged,
      value: `${judged.value}${theirs === undefined ? '' : ` (restic ${theirs.toFixed(2)}×)`}`,
      target: `< ${FAR}×`,
    },
  ];
}

function memory({ rows }: ServiceResult): Judged {
  const most = Math.max(...rows.filter(({ peer }) => peer === US).map(({ peakBytes }) => peakBytes));
  return {
    row: 'memory of any command',
    against: '',
    value: `${(most / 1e6).toFixed(0)} MB`,
    target: `≤ ${CEILING / 1e6} MB`,
    floor: '–',
    verdict: most <= CEILING ? 'met' : 'missed',
  };
}
