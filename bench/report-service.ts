/** The section of bench/results.md about stores on a service. */

import { counted, megabytes, told } from './cells.ts';
import { requestsIn } from './proxy.ts';
import { servicePeers } from './service-peers.ts';
import type { Operation } from './peers.ts';
import type { Row, ServiceResult } from './results.ts';
import { rowsOf } from './statistics.ts';
import { effortTable, table, targetsTable, timesTable, US, wrong } from './tables.ts';
import { judgeService } from './targets-service.ts';

const GB = 1e9;

export function serviceSection(results: readonly ServiceResult[]): string[] {
  if (results.length === 0) return [];
  return [
    '## On a service',
    '',
    'The trees are saved to an S3 service and brought back from it (`npm run bench -- service`): the gateway of Ceph, on the same machine, so',
    'it takes its part of the processors from whoever uses it. It is a new one in each round, with a bucket for each program, and keeps',
    'its objects in memory (of the large file on a disk): what is measured is the program and what it asks for. Before anything is brought',
    'back, what Strata has cached of objects is removed; restic’s cache, which has metadata alone, stays. Written is what goes to file',
    'systems here, not to the service.',
    '',
    'Requests are counted in a round of its own, at a proxy; bytes are those of its connections, with all headers. The rows with a proxy',
    'are timed: once it passes everything on at once, and once it holds back each request for 50 ms, beside all others.',
    '',
    ...servicePeers('strata').map(({ name, settings }) => `- **${name}**: ${settings}`),
    '',
    ...results.flatMap(treeSection),
  ];
}

function treeSection(result: ServiceResult): string[] {
  const { corpus, about, files, bytes, rounds, rows, failures, machine } = result;
  return [
    `### ${corpus}, on a service`,
    '',
    `${about[0]!.toUpperCase()}${about.slice(1)}: ${counted(files, 'file')}, ${megabytes(bytes)}; ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}. ${told(machine)}`,
    '',
    ...timesTable(rows),
    ...effortTable(rows),
    ...(result.counted.length === 0 ? [] : trafficTable(result)),
    ...(rows.some(({ peer }) => peer === US) ? targetsTable(judgeService(result)) : []),
    ...wrong([...rows, ...result.counted], failures),
  ];
}

/** Requests for each GB only where the whole tree goes over the line. */
const WHOLE: ReadonlySet<Operation> = new Set(['first', 'restore']);

function trafficTable({ counted: rows, bytes }: ServiceResult): string[] {
  return table('requests; MB up / down', rows, (all: readonly Row[], peer, operation) => {
    const traffic = rowsOf(all, peer, operation)[0]?.traffic;
    if (traffic === undefined) return '–';
    const total = requestsIn(traffic);
    const kinds = Object.entries(traffic.requests)
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => `${count} ${kind}`);
    const each = WHOLE.has(operation) ? `, ${((total * GB) / bytes).toFixed(0)} for each GB` : '';
    return `${total}${each} (${kinds.join(', ')}); ${megabytes(traffic.up)} / ${megabytes(traffic.down)}`;
  });
}
