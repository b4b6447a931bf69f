/** `strata events`, also while things happen. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { openSqlite } from '../src/db/index.ts';
import { recordEvent } from '../src/workspace/index.ts';
import { HEX, ISO, STRATA, openCommandLine } from './command-line.fixture.ts';

interface Told {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly workspace: string | null;
  readonly session: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

vi.setConfig({ testTimeout: 120_000 });

let line: ReturnType<typeof openCommandLine>;
const places: string[] = [];
beforeEach(() => {
  line = openCommandLine();
  places.push(line.base);
  line.write('tree/a', 'a');
});
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));

const save = (name = 'web') => line.answer('workspaces', 'save', 'tree', '-w', name);
const lines = (text: string) => text.split('\n').filter(Boolean);
const parsed = (text: string) => lines(text).map((each) => JSON.parse(each) as Told);

/** Answers of a command with `--json`, an object a line. */
function told(...words: readonly string[]): Told[] {
  const { status, stdout, stderr } = spawnSync(STRATA, ['--json', 'events', ...words], {
    ...line.options,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return parsed(stdout);
}

/** Many events, as of many saves. */
async function record(count: number): Promise<void> {
  await using database = await openSqlite(join(line.home, 'db/strata.db'));
  await database.transaction(async (tx) => {
    for (let at = 0; at < count; at++)
      await recordEvent(
        tx,
        { tenant: 'default', clock: Date.now },
        { kind: 'session.synced', workspace: 'web', session: 'web', details: { at } },
      );
  });
}

function follow(...words: readonly string[]) {
  const child = spawn(STRATA, ['--json', '-v', 'events', '--follow', ...words], {
    ...line.options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (part: Uint8Array) => (errors += Buffer.from(part).toString()));
  return {
    child,
    seen: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    begun: once(child.stderr, 'data'),
    /** How, and what it said of it. */
    ended: async () => {
      const [status] = (await once(child, 'close')) as [number | null];
      const said = lines(errors).filter((each) => !/^ +\d+\.\d{3} s {2}/.test(each));
      return { status, last: said.at(-1) ?? '' };
    },
  };
}

describe('what happened', () => {
  it('[C37] [E83] is told a line each, with words for people', () => {
    save();
    save();
    line.answer('workspaces', 'fork', 'web@1', 'copy');
    line.answer('workspaces', 'forget', 'web@1');
    line.answer('workspaces', 'rm', 'copy');
    const { status, stdout } = line.strata('events');
    expect(status).toBe(0);
    const when = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`;
    const expected = [
      'snapshot.created {6}web {11}@1 saved: 1 file, 1 B, 1 B new',
      'snapshot.created {6}web {11}@2 saved: 1 file, 1 B, 0 B new',
      'workspace.forked {6}copy {10}from web@1',
      'snapshot.created {6}copy {10}@1 forked: 1 file, 1 B, 0 B new',
      'snapshot.forgotten {4}web {11}@1',
      'workspace.removed {5}copy {10}with 1 snapshot',
    ];
    expect(lines(stdout)).toEqual(
      expected.map((each): unknown => expect.stringMatching(new RegExp(`^${when}  ${each}$`))),
    );
    // It is what was asked for.
    expect(line.strata('events', '--quiet').stdout).toBe(stdout);
  });

  it('[C37] is told in JSON, an object a line', () => {
    save();
    expect(told()).toEqual([
      {
        seq: 1,
        at: ISO,
        kind: 'snapshot.created',
        workspace: 'web',
        session: null,
        details: { snapshot: 1, kind: 'save', digest: HEX, files: 1, bytes: 1, newBytes: 1 },
      },
    ]);
  });

  it('[C37] can be asked for by name, by age and by number', async () => {
    for (const name of ['web', 'docs', 'web']) save(name);
    expect(told('--of', 'web').map(({ seq }) => seq)).toEqual([1, 3]);
    expect(told('--of', 'nobody')).toEqual([]);
    expect(told('--since', '1').map(({ seq }) => seq)).toEqual([2, 3]);
    expect(told('--since', '1', '--of', 'web').map(({ seq }) => seq)).toEqual([3]);
    expect(told('--since', '1h')).toHaveLength(3);
    await wait(10);
    expect(told('--since', '0s')).toEqual([]);
    const { status, stdout, stderr } = line.strata('events', '--since', '99');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: 'no such events\n' });
  });

  it('[C37] [E83] is nothing in a home that has nothing, and makes none', () => {
    expect(line.strata('events')).toEqual({ status: 0, stdout: '', stderr: 'no events yet\n' });
    expect(line.strata('events', '--json')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(existsSync(line.home)).toBe(false);
  });

  it('[C37] [C9] as much as there is, and no more than is read', async () => {
    save();
    await record(10_000);
    expect(told().map(({ seq }) => seq)).toEqual(Array.from({ length: 10_001 }, (_, at) => at + 1));
    const script = '"$0" events | head -n 3; echo "${PIPESTATUS[0]}"';
    const { stdout, stderr } = spawnSync('bash', ['-c', script, STRATA], {
      ...line.options,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(lines(stdout)).toHaveLength(4);
    expect(lines(stdout)[1]).toMatch(/ {2}session\.synced {8}web {11}at 0$/);
    expect(lines(stdout)[3]).toBe('0');
  });
});

describe('what happens', () => {
  it('[C37] [C23] is told as it comes, until Ctrl-C', async () => {
    save();
    const { child, seen, ended } = follow();
    expect(JSON.parse((await seen.next()).value as string)).toMatchObject({ seq: 1 });
    for (const seq of [2, 3]) {
      save();
      expect(JSON.parse((await seen.next()).value as string)).toMatchObject({
        seq,
        details: { snapshot: seq },
      });
    }
    child.kill('SIGINT');
    const { status, last } = await ended();
    expect(status).toBe(9);
    expect(JSON.parse(last)).toMatchObject({ error: { code: 'cancelled' } });
  });

  it('[C37] [E83] in a home that is not there yet, from its first save on', async () => {
    const { child, seen, begun, ended } = follow();
    await begun;
    await wait(300);
    expect(existsSync(line.home)).toBe(false);
    save();
    expect(JSON.parse((await seen.next()).value as string)).toMatchObject({ seq: 1, workspace: 'web' });
    child.kill('SIGTERM');
    expect((await ended()).status).toBe(9);
  });

  it('[C37] of several that save at once: each is told once, and none is missed', async () => {
    save();
    const { child, seen, ended } = follow('--since', '1');
    const savers = ['web', 'docs'].map(async (name) => {
      for (let more = 0; more < 4; more++) {
        const words = ['workspaces', 'save', 'tree', '-w', name, '--quiet'];
        const [status] = (await once(spawn(STRATA, words, line.options), 'exit')) as [number];
        expect(status).toBe(0);
      }
    });
    const heard: Told[] = [];
    while (heard.length < 8) heard.push(JSON.parse((await seen.next()).value as string) as Told);
    await Promise.all(savers);
    child.kill('SIGINT');
    await ended();
    expect(heard).toEqual(told('--since', '1'));
    const of = (name: string) => heard.filter(({ workspace }) => workspace === name);
    expect(of('web').map(({ details }) => details['snapshot'])).toEqual([2, 3, 4, 5]);
    expect(of('docs').map(({ details }) => details['snapshot'])).toEqual([1, 2, 3, 4]);
  });

  it('[C37] [C9] waits for a slow reader, and loses nothing', async () => {
    save();
    const { child, seen, ended } = follow();
    await seen.next();
    child.stdout.pause();
    await record(5000);
    await wait(500);
    const rest: number[] = [];
    child.stdout.resume();
    while (rest.length < 5000) rest.push((JSON.parse((await seen.next()).value as string) as Told).seq);
    expect(rest).toEqual(Array.from({ length: 5000 }, (_, at) => at + 2));
    child.kill('SIGINT');
    expect((await ended()).status).toBe(9);
  });

  it('[C37] [C9] ends quietly with the next one when nobody reads any more', async () => {
    save();
    const { child, seen, ended } = follow();
    await seen.next();
    child.stdout.destroy();
    const end = ended();
    save();
    expect(await end).toEqual({ status: 0, last: '' });
  });

  it('[E83] in a home that knows nothing of the tenant is an error after a while', async () => {
    save();
    const { ended } = follow('--tenant', 'nobody');
    const { status, last } = await ended();
    expect(status).toBe(4);
    expect(JSON.parse(last)).toMatchObject({ error: { code: 'not_found' } });
  });
});
