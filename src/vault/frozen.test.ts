import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { sha256, utf8 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { prose } from '../testing/noise.ts';
import { NOW, ROOT, TestDatabases, testWorld } from '../testing/vault.ts';
import { displayName, pages } from '../tree/index.ts';
import { adoptTenants } from './adopt.ts';
import { parseName } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import { getSegment } from './segment.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

/** Each line an object of format 1: its name and its bytes in base 64. Never to be made again: older stores look like this. */
const FROZEN = readFileSync(join(import.meta.dirname, 'frozen-store-1.txt'), 'utf8')
  .trim()
  .split('\n');

describe('a frozen store', () => {
  it('[V36] opens, and all of it is read', async () => {
    const store = openMemoryStore();
    const kinds = new Set<string | undefined>();
    for (const line of FROZEN) {
      const [name = '', bytes = ''] = line.split(' ');
      await store.put(name, [Uint8Array.from(Buffer.from(bytes, 'base64')) as Uint8Array as Sealed]);
      kinds.add(parseName(name)?.kind);
    }
    expect([...kinds].sort()).toEqual(['data', 'format', 'head', 'index', 'keys', 'owner', 'tree']);
    const world = testWorld(await databases.open(), store, 'reader');
    const vault = await Vault.open(world, async () => [ROOT], { attach: 'rebuild' });
    expect((await verifyStore(vault, { readData: true })).problems).toEqual([]);
    expect(await adoptTenants(vault)).toEqual(['default']);
    const tenant = await vault.tenant('default');
    for (const line of FROZEN) {
      const parsed = parseName(line.split(' ')[0]!);
      if (parsed?.kind === 'index')
        expect((await getSegment(store, tenant.keyring, parsed.segment)).tables).toHaveLength(2);
    }
    await rebuildIndex(world, tenant);
    const reader = await tenant.reader();
    for (const bytes of [utf8('hello\n'), prose('frozen', 600)])
      expect(Buffer.compare(await reader.chunk(sha256(bytes)), bytes)).toBe(0);
    for await (const { seq, snapshot } of tenant.heads()) {
      expect([seq, snapshot.number, snapshot.created]).toEqual([1, 1, NOW]);
      for await (const page of pages(reader, snapshot.root.tree))
        expect(page.map(({ name }) => displayName(name))).toEqual(['greeting.txt', 'prose.txt']);
    }
  });
});
