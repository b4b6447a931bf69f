/** bench/results.md: everything that is kept of the runs, the bad figures too. */

import { counted, line, megabytes, rounded, seconds, told } from './cells.ts';
import { TITLES, isSave } from './peers.ts';
import type { Operation, Peer } from './peers.ts';
import { serviceSection } from './report-service.ts';
import type { CorpusResult, MicroResult, Results, Row, ScaleResult } from './results.ts';
import { median, rowsOf } from './statistics.ts';
import { US, effortTable, operationsOf, peersOf, targetsTable, timesTable, wrong } from './tables.ts';
import { judge } from './targets.ts';

/** What a save or a restore may take, whatever the tree: memory must not grow with it. Bytes, of all processes. */
const CEILING = 400e6;

const SESSIONS =
  'An agent’s workspace that comes to rest and goes on elsewhere, medians of the rounds (`npm run bench -- sessions`). Each command is a process; the other runner is one that waits.';

/** @param all who took part, for their settings */
export function report(
  { corpora, micro, runs, sessions, service, scale }: Results,
  all: readonly Peer[],
): string {
  return [
    '# Results',
    '',
    '`npm run bench` makes this page; [CONTRIBUTING.md](../CONTRIBUTING.md) says how. Times are of one machine in one hour: the ratios are',
    'what lasts. They are taken inside one round, and only then their median.',
    '',
    ...(corpora.length === 0 ? [] : ['![Times of all programs by those of Strata](results.svg)', '']),
    ...corpora.flatMap(corpusSection),
    ...(micro === undefined
      ? []
      : figuresSection('Single parts', 'One thread, medians of five (`npm run bench -- micro`).', micro)),
    ...(runs === undefined
      ? []
      : figuresSection('Runs', 'Tasks on the host, medians of the rounds (`npm run bench -- runs`).', runs)),
    ...(sessions === undefined ? [] : figuresSection('Sessions', SESSIONS, sessions)),
    ...serviceSection(service),
    ...(scale.length === 0 ? [] : scaleSection(scale)),
    ...(corpora.length === 0 ? [] : method(all)),
  ].join('\n');
}

function corpusSection(result: CorpusResult): string[] {
  const { corpus, about, files, bytes, rounds, rows, failures, machine } = result;
  const peers = peersOf(rows);
  const operations = operationsOf(rows);
  return [
    `## ${corpus}`,
    '',
    `${about[0]!.toUpperCase()}${about.slice(1)}: ${counted(files, 'file')}, ${megabytes(bytes)}; ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}. ${told(machine)}`,
    '',
    ...timesTable(rows),
    ...effortTable(rows),
    ...stores(rows, peers, operations),
    ...(rows.some((each) => each.peer === US) ? targetsTable(judge(result)) : []),
    ...wrong(rows, failures),
  ];
}

function stores(rows: readonly Row[], peers: readonly string[], operations: readonly Operation[]): string[] {
  const saves = operations.filter(isSave);
  // Some store nothing.
  const keepers = peers.filter((peer) => rowsOf(rows, peer, 'first').some((each) => each.addedBytes! > 0));
  if (keepers.length === 0) return [];
  const size = (peer: string, operation: Operation) => {
    const own = rowsOf(rows, peer, operation);
    return own.length === 0 ? '–' : megabytes(median(own.map((each) => each.addedBytes!)));
  };
  return [
    `| store grows by | ${saves.map((operation) => TITLES[operation]).join(' | ')} |`,
    `|---|${'---|'.repeat(saves.length)}`,
    ...keepers.map((peer) =>
      line(
        peer,
        saves.map((operation) => size(peer, operation)),
      ),
    ),
    '',
  ];
}

function figuresSection(title: string, how: string, { figures, machine }: MicroResult): string[] {
  return [
    `## ${title}`,
    '',
    `${how} ${told(machine)}`,
    '',
    '| | | |',
    '|---|---|---|',
    ...figures.map(({ name, value, unit, note }) => line(name, [`${rounded(value)} ${unit}`, note])),
    '',
  ];
}

function scaleSection(results: readonly ScaleResult[]): string[] {
  const rows = results.flatMap((result) => result.rows);
  // Trees measured in one go differ in the minute.
  const machines = new Map(results.map(({ machine }) => [told({ ...machine, date: '', load: 0 }), machine]));
  return [
    '## Scale',
    '',
    'Strata alone, each once (`npm run bench -- scale`). Files opened were counted in runs of their own, under strace. Memory is to stay',
    `below ${megabytes(CEILING)}. ${[...machines.values()].map(told).join(' ')}`,
    '',
    '| tree | operation | seconds | processor s | peak memory of all processes | written | files opened |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(({ tree, operation, sample, opened }) =>
      line(tree, [
        operation,
        seconds(sample.wall),
        seconds(sample.cpu),
        `${megabytes(sample.peakBytes)}${sample.peakBytes > CEILING ? ' (too much)' : ''}`,
        megabytes(sample.writtenBytes),
        opened === undefined ? '–' : String(opened),
      ]),
    ),
    '',
  ];
}

function method(all: readonly Peer[]): string[] {
  return [
    '## How it is measured',
    '',
    'Every command is a process start, as somebody would type it. Before each, what others left is written (`sync -f`); the page cache is',
    'warm. Wall time is from before `/usr/bin/time` starts to after it ends. Memory is the largest sum over all processes of the command,',
    'looked at every 100 ms, and at least what `time` says of the largest; pages that two processes share count twice. Written is what the',
    'processes gave to file systems, the restored files too. In the first round everything restored is compared with the tree: names,',
    'kinds, modes, links, content, and times within 1 µs where the program keeps them. Stores are made before, by `init` where there is one',
    'and else, for Strata, by a save of an empty directory. Where it says so, memory was filled with a file before each command, as it is on',
    'a machine that has been at work for a while ([profiles.md](profiles.md) says why), and what the command is about was read after that.',
    '',
    'tar, zstd, cp and casync return before their bytes are on the disk. The edit adds a line to one file in 200 and touches as many,',
    'inserts 100 bytes near the start of the largest file, removes one in 400, adds as many of 4 KiB, and renames one directory.',
    '',
    ...all.map(({ name, settings }) => `- **${name}**: ${settings}`),
    '',
  ];
}
