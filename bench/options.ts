/** The command line of `npm run bench`. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { CORPORA } from './corpora.ts';
import { peers } from './peers.ts';
import { SCALE_TREES } from './scale-trees.ts';

export const MODES = [
  'compare',
  'micro',
  'scale',
  'runs',
  'sessions',
  'service',
  'corpora',
  'report',
] as const;

export type Mode = (typeof MODES)[number];

export interface Options {
  readonly mode: Mode;
  /** Not what the published figures are made of: it never stands beside them. */
  readonly trial: boolean;
  readonly rounds: number;
  readonly corpora: readonly string[];
  readonly peers: readonly string[];
  readonly trees: readonly string[];
  /** Also a large file, for `service`. */
  readonly scale: boolean;
  /** Of the trees of many files. */
  readonly files: number;
  /** Absolute, all four. */
  readonly cache: string;
  readonly work: string;
  readonly out: string;
  readonly strata: string;
}

/** What the user got wrong, to be told without a stack. */
export class UsageError extends Error {}

const ROOT = resolve(import.meta.dirname, '..');

export const HELP = `usage: npm run bench [-- [MODE] [OPTION]...]

Modes:
  compare   Strata and its peers on whole commands (the default)
  micro     single parts: cutting, hashing, sealing, the index
  scale     a million files, a file of 5 GiB, a sparse one of 1 TiB
  runs      a graph of 1,000 tasks, and a tree that goes from task to task
  sessions  a session of 60,000 files that is suspended, resumed, forked
  service   Strata and restic on an S3 service of their own
  corpora   only build the trees that compare needs
  report    only write the results again, from what was kept

Options:
  --quick           session alone, twice: a few minutes
  --rounds N        how often everything is done (default: 5, quick: 2)
  --corpora LIST    of ${CORPORA.map(({ name }) => name).join(', ')} (default: all)
  --peers LIST      of ${peers('strata')
    .map(({ name }) => name)
    .join(', ')} (default: all that are installed)
  --trees LIST      for scale; of ${SCALE_TREES.join(', ')} (default: all)
  --files N         for scale: how many files (default: 1000000)
  --scale           for service: a file of 5 GiB as well, which takes 30 GB on the disk
  --cache DIR       keeps corpora and results (default: \${XDG_CACHE_HOME:-~/.cache}/strata-bench)
  --work DIR        takes the file system of the measurements, up to 40 GB (default: the cache)
  --out DIR         gets results.md and results.svg (default: bench/, of a trial: trial/ in the cache)
  --strata FILE     another bin/strata to measure (default: that of this clone)
  --help            print this

With --quick, --rounds, --peers, --files or --strata it is a trial: its results stand alone, and those of bench/ stay.

Examples:
  npm run bench -- --quick
  npm run bench -- --corpora modules,session --peers 'strata,restic,tar + zstd'
  npm run bench -- micro
  npm run bench -- service --corpora session --rounds 1
  npm run bench -- scale --files 50000 --trees spread
`;

/** @throws UsageError */
export function readOptions(words: readonly string[], environment: NodeJS.ProcessEnv): Options | 'help' {
  const { values, positionals } = parse(words);
  if (values.help) return 'help';
  const [mode = 'compare', ...others] = positionals;
  if (others.length > 0) throw new UsageError(`one mode at a time, not also ${others.join(', ')}`);
  const quick = values.quick ?? false;
  const trial = quick || [values.rounds, values.peers, values.files, values.strata].some(isGiven);
  const cache = resolve(
    values.cache ?? join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'strata-bench'),
  );
  const strata = resolve(values.strata ?? join(ROOT, 'bin/strata'));
  if (!existsSync(strata)) throw new UsageError(`--strata: there is no ${strata}`);
  return {
    mode: oneOf('the mode', mode, MODES),
    trial,
    rounds: count('--rounds', values.rounds, quick ? 2 : 5),
    corpora: listOf(
      '--corpora',
      values.corpora,
      CORPORA.map(({ name }) => name),
      quick ? ['session'] : undefined,
    ),
    peers: listOf(
      '--peers',
      values.peers,
      peers(strata).map(({ name }) => name),
    ),
    trees: listOf('--trees', values.trees, SCALE_TREES),
    scale: values.scale ?? false,
    files: count('--files', values.files, 1_000_000),
    cache,
    work: resolve(values.work ?? cache),
    out: resolve(values.out ?? (trial ? join(cache, 'trial') : join(ROOT, 'bench'))),
    strata,
  };
}

function parse(words: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...words],
      options: {
        quick: flag,
        rounds: text,
        corpora: text,
        peers: text,
        trees: text,
        scale: flag,
        files: text,
        cache: text,
        work: text,
        out: text,
        strata: text,
        help: { ...flag, short: 'h' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isGiven(value: string | undefined): boolean {
  return value !== undefined;
}

function count(option: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new UsageError(`${option} takes a number above 0, not ${value}`);
  return Number(value);
}

function oneOf<Name extends string>(what: string, value: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw new UsageError(`${what} is one of ${names.join(', ')}; not ${value}`);
  return found;
}

/** In the order of `names`. */
function listOf<Name extends string>(
  option: string,
  value: string | undefined,
  names: readonly Name[],
  otherwise: readonly Name[] = names,
): readonly Name[] {
  if (value === undefined) return otherwise;
  const wanted = new Set<string>(value.split(','));
  const unknown = [...wanted].find((name) => !names.some((each) => each === name));
  if (unknown !== undefined)
    throw new UsageError(`${option} is a list of ${names.join(', ')}; not ${unknown}`);
  return names.filter((name) => wanted.has(name));
}
