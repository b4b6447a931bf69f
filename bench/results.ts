/** What was measured, as it is kept between runs: a file for each corpus, for `micro`, and for each tree of `scale`. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Machine } from './machine.ts';
import type { Sample } from './measure.ts';
import type { Operation } from './peers.ts';
import type { Traffic } from './proxy.ts';

/** One operation of one peer in one repetition. */
export interface Row extends Sample {
  readonly round: number;
  readonly peer: string;
  readonly operation: Operation;
  /** After a save: the bytes of all files in the store, and how many of them are new. */
  readonly storeBytes?: number;
  readonly addedBytes?: number;
  /** After a restore of the first round: how many paths came back different, and the first of them. */
  readonly differences?: { readonly count: number; readonly first: string };
  /** Where it was counted. */
  readonly traffic?: Traffic;
}

export interface CorpusResult {
  readonly machine: Machine;
  readonly corpus: string;
  readonly about: string;
  readonly files: number;
  readonly bytes: number;
  readonly rounds: number;
  readonly rows: readonly Row[];
  /** What went wrong, in sentences. */
  readonly failures: readonly string[];
}

/** A tree on a service. */
export interface ServiceResult extends CorpusResult {
  /** One round in which all requests were counted, and nothing is to be learnt from its times. */
  readonly counted: readonly Row[];
}

/** A row of `micro`. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly note: string;
}

export interface MicroResult {
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

/** A row of `scale`. */
export interface ScaleRow {
  readonly tree: string;
  readonly operation: string;
  readonly sample: Sample;
  /** Files of the tree that were opened, in a run of its own under strace. */
  readonly opened?: number;
}

export interface ScaleResult {
  readonly machine: Machine;
  readonly rows: readonly ScaleRow[];
}

export interface Results {
  readonly corpora: readonly CorpusResult[];
  readonly micro?: MicroResult | undefined;
  readonly runs?: MicroResult | undefined;
  readonly sessions?: MicroResult | undefined;
  readonly service: readonly ServiceResult[];
  readonly scale: readonly ScaleResult[];
}

/** @param directory where the files are @param corpora names, as the trees in the order of the report */
export function readResults(
  directory: string,
  corpora: readonly string[],
  trees: readonly string[],
): Results {
  // On a service there may be any of both.
  return {
    corpora: corpora.flatMap((name) => read<CorpusResult>(directory, `corpus-${name}`) ?? []),
    micro: read<MicroResult>(directory, 'micro'),
    runs: read<MicroResult>(directory, 'runs'),
    sessions: read<MicroResult>(directory, 'sessions'),
    service: [...corpora, ...trees].flatMap(
      (name) => read<ServiceResult>(directory, `service-${name}`) ?? [],
    ),
    scale: trees.flatMap((tree) => read<ScaleResult>(directory, `scale-${tree}`) ?? []),
  };
}

/** Of the kept files. Raised when one of the types above changes: older files are as if they were not there. */
const FORMAT = 1;

function read<Result>(directory: string, name: string): Result | undefined {
  const path = join(directory, `${name}.json`);
  if (!existsSync(path)) return undefined;
  const kept = JSON.parse(readFileSync(path, 'utf8')) as { format?: number; result?: Result };
  return kept.format === FORMAT ? kept.result : undefined;
}

export function keepResult(directory: string, name: string, result: unknown): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, `${name}.json`),
    `${JSON.stringify({ format: FORMAT, result }, undefined, 1)}\n`,
  );
}
