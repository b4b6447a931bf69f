import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { noise } from '../testing/odd-tree.ts';
import { openEngine } from './open.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-moved-'));
afterAll(() => rmSync(base, { recursive: true }));

it('what a collection writes anew takes the place of what it was in, at once', async () => {
  const from = join(base, 'from');
  mkdirSync(from);
  const files = ['a', 'b', 'c', 'd'];
  for (const [at, name] of files.entries()) writeFileSync(join(from, name), noise(400_000, at + 1));
  await using engine = await openEngine({ home: join(base, 'home'), env: {}, cwd: base });
  const { workspaces, store } = engine;
  await workspaces.save(from, { workspace: 'web' });
  for (const name of ['a', 'b', 'c']) rmSync(join(from, name));
  await workspaces.save(from, { workspace: 'web' });
  await workspaces.forget('web@1');

  const first = await store.collect({ margin: 0 });
  expect(first.condemned.moved.objects).toBeGreaterThan(0);
  expect(first.deletedBytes).toBeGreaterThan(1_600_000);
  const second = await store.collect({ margin: 0 });
  const none = { objects: 0, bytes: 0 };
  expect(second).toMatchObject({ condemned: { dead: none, moved: none, orphan: none }, deletedObjects: 0 });
  expect(second.storedBytes).toBeLessThan(450_000);
  await workspaces.restore('web', join(base, 'back'));
  expect(readFileSync(join(base, 'back', 'd')).equals(noise(400_000, 4))).toBe(true);
});
