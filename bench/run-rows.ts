/** Runs: what the engine itself costs a task, and a large tree that goes from one task to the next. */

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Disk } from './filesystem.ts';
import { environmentOf } from './peers.ts';
import type { Figure } from './results.ts';
import { quote, shell, timed } from './shell.ts';
import { median } from './statistics.ts';

export interface RunRowsPlan {
  /** A tree of many files. */
  readonly tree: string;
  /** Where `bin/strata` is. */
  readonly strata: string;
  readonly disk: Disk;
  readonly rounds: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Tasks of the wide graph, and how many of them are on one level. */
const TASKS = 1000;
const WIDTH = 100;
const FILES = 10;

export async function runRows(plan: RunRowsPlan): Promise<Figure[]> {
  const figures = [...(await wideGraph(plan)), ...(await handedOn(plan))];
  for (const { name, value, unit } of figures) plan.log(`  ${name.padEnd(48)} ${value.toFixed(2)} ${unit}`);
  return figures;
}

/** Each task writes files in one command, and saves them; the same commands without the engine are taken off. */
async function wideGraph({ strata, disk, rounds, signal }: RunRowsPlan): Promise<Figure[]> {
  const place = join(disk.path, 'wide');
  mkdirSync(place);
  const file = join(place, 'wide.json');
  const config = join(place, 'strata.yaml');
  writeFileSync(file, JSON.stringify({ runs: [{ name: 'wide', tasks: wideTasks() }] }));
  const executor = { name: 'wide', type: 'host', arch: 'amd64', slots: WIDTH };
  writeFileSync(config, JSON.stringify({ executors: [executor] }));
  const own: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const home = join(place, `home-${round}`);
    await disk.settle();
    const started = performance.now();
    const words = `--home ${quote(home)} --config ${quote(config)} --quiet runs start ${quote(file)} --sandbox off`;
    await shell(`${quote(strata)} ${words}`, { env: environmentOf({}), signal });
    const seconds = (performance.now() - started) / 1000;
    const alone = await spawnAlone(join(place, `alone-${round}`), signal);
    whole.push((seconds * 1000) / TASKS);
    own.push(((seconds - alone) * 1000) / TASKS);
    rmSync(home, { recursive: true, force: true });
  }
  const note = `${TASKS} tasks, ${WIDTH} wide, each with one command and one save of ${FILES} files; without a sandbox`;
  return [
    { name: 'a task of a wide graph', value: median(whole), unit: 'ms', note },
    {
      name: 'of this the engine’s own',
      value: median(own),
      unit: 'ms',
      note: 'without what the same commands take when a script starts them, as many at a time; target < 20 ms',
    },
  ];
}

function command(task: number): string {
  return `for n in $(seq ${FILES}); do echo ${task}-$n > f${task}-$n; done`;
}

function wideTasks(): object[] {
  return Array.from({ length: TASKS }, (_, task) => {
    const above = task - WIDTH;
    const beside = above - (above % WIDTH) + ((above + 1) % WIDTH);
    return {
      name: `t${task}`,
      depends: above < 0 ? [] : [`t${above}`, `t${beside}`],
      steps: [{ run: command(task) }, { save_to_workspace: { contents: [{ source_dir: '.' }] } }],
    };
  });
}

/** Seconds. */
async function spawnAlone(place: string, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < TASKS) {
      const task = next++;
      signal.throwIfAborted();
      const cwd = join(place, String(task));
      mkdirSync(cwd, { recursive: true });
      await new Promise((resolve, reject) => {
        spawn('/bin/sh', ['-e', '-c', command(task)], { cwd, stdio: 'pipe' })
          .on('close', resolve)
          .on('error', reject);
      });
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return (performance.now() - started) / 1000;
}

/** Parts of a run of `handedTasks`, seconds. */
interface Handed {
  readonly save: number;
  readonly restore: number;
}

/**
 * One task saves a tree, the next restores it; then again with a hundredth of the files changed, where the first task has made all of
 * them anew, and where it has taken them from a cache. By tar and zstd beside it.
 */
async function handedOn({ tree, strata, disk, rounds, signal }: RunRowsPlan): Promise<Figure[]> {
  const place = join(disk.path, 'handed');
  mkdirSync(place);
  const file = join(place, 'run.json');
  writeFileSync(file, JSON.stringify({ runs: [{ name: 'handed', tasks: handedTasks(tree) }] }));
  const rows: Record<'first' | 'anew' | 'cached' | 'tar', Handed[]> = {
    first: [],
    anew: [],
    cached: [],
    tar: [],
  };
  for (let round = 0; round < rounds; round++) {
    const home = join(place, `home-${round}`);
    const run = async (words: string): Promise<Handed> => {
      await disk.settle();
      const start = `--home ${quote(home)} --json runs start ${quote(file)} --bind ${quote(tree)} ${words}`;
      const text = await shell(`${quote(strata)} ${start}`, { env: environmentOf({}), signal });
      const { id } = JSON.parse(text) as { id: string };
      const logs = await shell(`${quote(strata)} --home ${quote(home)} runs logs ${id}`, {
        env: environmentOf({}),
        signal,
      });
      const seconds = (what: string) =>
        Number(new RegExp(`^${what} [\\d,]+ files?, .* ([\\d.]+) s$`, 'm').exec(logs)![1]);
      return { save: seconds('saved'), restore: seconds('restored') };
    };
    rows.first.push(await run('--var changed=no --var cache=yes'));
    rows.anew.push(await run('--var changed=yes --var cache=no'));
    rows.cached.push(await run('--var changed=yes --var cache=yes'));
    rmSync(home, { recursive: true, force: true });
    rows.tar.push(await byTar(tree, place, disk, signal));
  }
  return handedFigures(rows);
}

async function byTar(tree: string, place: string, disk: Disk, signal: AbortSignal): Promise<Handed> {
  const copy = join(place, 'copy');
  const archive = join(place, 'archive');
  const out = join(place, 'out');
  await shell(`cp -a ${quote(tree)} ${quote(copy)}`, { signal });
  await disk.settle();
  const save = await timed(`tar cf - -C ${quote(copy)} . | zstd -q -1 -T2 -o ${quote(archive)}`, { signal });
  const extract = `mkdir ${quote(out)} && zstd -q -dc ${quote(archive)} | tar xf - -C ${quote(out)}`;
  const restore = await timed(extract, { signal });
  await shell(`rm -rf ${quote(copy)} ${quote(archive)} ${quote(out)}`, { signal });
  return { save, restore };
}

function handedFigures({
  first,
  anew,
  cached,
  tar,
}: Record<'first' | 'anew' | 'cached' | 'tar', Handed[]>): Figure[] {
  const saves = (rows: Handed[]) => rows.map(({ save }) => save);
  const restores = (rows: Handed[]) => rows.map(({ restore }) => restore);
  const both = (rows: Handed[]) => rows.map(({ save, restore }) => save + restore);
  const ratio = (above: number[], below: number[]) => median(above.map((each, at) => each / below[at]!));
  return [
    {
      name: 'a tree is saved by one task',
      value: median(saves(first)),
      unit: 's',
      note: 'modules, see above',
    },
    { name: 'and restored by the next', value: median(restores(first)), unit: 's', note: '' },
    {
      name: 'both, by tar | zstd -1 and its extraction',
      value: ratio(both(first), both(tar)),
      unit: '×',
      note: `${median(saves(tar)).toFixed(2)} s and ${median(restores(tar)).toFixed(2)} s; target ≤ 1×`,
    },
    ...[
      { rows: cached, how: 'from a cache' },
      { rows: anew, how: 'made anew, so each file is read' },
    ].flatMap(({ rows, how }) => [
      {
        name: 'the save of a second run, 1 % changed, by the first',
        value: ratio(saves(rows), saves(first)),
        unit: '×',
        note: `the tree ${how}; target ≤ 0.33×`,
      },
      {
        name: 'save and restore of the second run, by the first',
        value: ratio(both(rows), both(first)),
        unit: '×',
        note: `the tree ${how}; target ≤ 0.7×`,
      },
    ]),
  ];
}

function handedTasks(tree: string): object[] {
  const edit = `if [ "$CHANGED" = yes ]; then find . -type f | awk 'NR % 100 == 0' | while read -r f; do chmod u+w "$f"; echo >> "$f"; done; fi`;
  return [
    {
      name: 'install',
      environment: { CHANGED: { from_variable: 'changed' }, CACHE: { from_variable: 'cache' } },
      steps: [
        { restore_cache: { keys: ['tree-{{ env "CACHE" }}'], dest_dir: '.' } },
        { run: `[ -n "$(ls -A)" ] || cp -a ${quote(tree)}/. .\n${edit}` },
        { save_to_workspace: { contents: [{ source_dir: '.' }] } },
        { save_cache: { key: 'tree-{{ env "CACHE" }}', contents: [{ source_dir: '.' }] } },
      ],
    },
    { name: 'use', depends: ['install'], steps: [{ restore_workspace: { dest_dir: '.' } }] },
  ];
}
