/**
 * One of several processes on one home: `node busy.fixture.ts HOME PLACE NAME SEED SECONDS`. It saves, forks, forgets, removes, restores
 * and verifies workspaces of its own, whose content all processes share, and prints as JSON what it did and what has to be there.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isStrataError } from '../../../base/index.ts';
import { openEngine } from '../../../engine/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { Chance } from '../chance.ts';
import { difference, readFiles } from '../model/directory.ts';
import { contentOf } from '../small-tree.ts';

const [home = '', place = '', name = '', seed = '0', seconds = '1'] = process.argv.slice(2);

/** Path → which content, by the number of the snapshot. */
type Kept = Record<string, Record<number, Record<string, number>>>;

const chance = new Chance(Number(seed));
const kept: Kept = {};
const counts: Record<string, number> = {};
const NAMES = ['a', 'b', 'c'].map((each) => `${name}-${each}`);
const OPERATIONS = [
  'save',
  'save',
  'save',
  'save',
  'fork',
  'forget',
  'keep',
  'remove',
  'restore',
  'restore',
  'verify',
] as const;

let engine = await openEngine({ home, env: {}, cwd: place });
const files: Record<string, number> = {};
const tree = join(place, name);
mkdirSync(tree, { recursive: true });

// Before it there is nothing to look into.
await run('save');
for (const deadline = Date.now() + Number(seconds) * 1000; Date.now() < deadline;) {
  const operation = chance.pick(OPERATIONS);
  await run(operation);
  counts[operation] = (counts[operation] ?? 0) + 1;
  if (!chance.once(10)) continue;
  // As a new process would find it.
  await engine[Symbol.asyncDispose]();
  engine = await openEngine({ home, env: {}, cwd: place });
}
await engine[Symbol.asyncDispose]();
process.stdout.write(JSON.stringify({ kept, counts }));

async function run(operation: (typeof OPERATIONS)[number]): Promise<void> {
  const workspace = chance.pick(NAMES);
  const { workspaces, store } = engine;
  const snapshots = kept[workspace] ?? {};
  const numbers = Object.keys(snapshots).map(Number);
  const number = numbers.length === 0 ? undefined : chance.pick(numbers);
  switch (operation) {
    case 'save': {
      change();
      const { snapshot } = await workspaces.save(tree, { workspace });
      (kept[workspace] ??= {})[snapshot] = { ...files };
      return;
    }
    case 'verify': {
      const { problems } = await store.verify({ readData: chance.once(2) });
      if (problems.length > 0) throw new Error(`a verification found ${JSON.stringify(problems)}`);
      return;
    }
    default:
      if (number === undefined) return;
      return runOn(operation, workspaces, workspace, number);
  }
}

async function runOn(
  operation: 'fork' | 'forget' | 'keep' | 'remove' | 'restore',
  workspaces: Engine['workspaces'],
  workspace: string,
  number: number,
): Promise<void> {
  const snapshots = kept[workspace]!;
  const latest = Math.max(...Object.keys(snapshots).map(Number));
  if (operation === 'fork') {
    const target = NAMES.find((each) => kept[each] === undefined);
    if (target === undefined) return;
    await workspaces.fork(`${workspace}@${number}`, target);
    kept[target] = { 1: snapshots[number]! };
  } else if (operation === 'forget') {
    if (number === latest) return;
    await workspaces.forget(`${workspace}@${number}`);
    delete snapshots[number];
  } else if (operation === 'keep') {
    for (const gone of (await workspaces.forget(workspace, { keepLast: 1 })).forgotten)
      delete snapshots[gone];
  } else if (operation === 'remove') {
    await workspaces.remove(workspace);
    delete kept[workspace];
  } else await restore(engine, `${workspace}@${number}`, snapshots[number]!);
}

function change(): void {
  for (let left = 1 + chance.below(6); left > 0; left--) {
    const path = `file ${chance.below(12)}`;
    // A new file each time: a clock has ticks, and two changes within one look alike.
    rmSync(join(tree, path), { force: true });
    delete files[path];
    if (chance.once(4)) continue;
    files[path] = chance.below(24);
    writeFileSync(join(tree, path), contentOf(files[path]));
  }
}

async function restore(from: Engine, ref: string, expected: Record<string, number>): Promise<void> {
  const out = join(place, `${name}-out`);
  try {
    await from.workspaces.restore(ref, out);
    const wanted = new Map(
      Object.entries(expected).map(([path, which]) => [path, Buffer.from(contentOf(which))]),
    );
    const found = difference(readFiles(out), wanted);
    if (found !== undefined) throw new Error(`${ref} came back wrong: ${found}`);
  } catch (error) {
    throw new Error(
      `${ref} could not be restored (${isStrataError(error) ? error.code : 'no typed error'})`,
      {
        cause: error,
      },
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
