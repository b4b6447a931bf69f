import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { concatBytes, sha256, toHex, utf8 } from '../base/index.ts';
import { ObjectSealer } from '../chunk/index.ts';
import type { ObjectIdentity, Sealed } from '../chunk/index.ts';
import { encodeRoot } from '../tree/index.ts';
import { noise } from '../testing/noise.ts';
import { ROOT, TestDatabases, openTestVault, saveFiles, testWorld } from '../testing/vault.ts';
import { encodeHead } from './head-record.ts';
import type { HeadRecord } from './head-record.ts';
import { encodeKeys } from './keys-record.ts';
import { headIdentity, keysIdentity, ownerIdentity, packIdentity, segmentIdentity } from './names.ts';
import type { PackId, SegmentId, WorkspaceId } from './names.ts';
import { encodeOwner } from './owner-record.ts';
import { PackWriter } from './pack-writer.ts';
import { rootSealingKey } from './root-key.ts';
import { putRecord, sealTrailer } from './sealed-object.ts';
import { encodeTable } from './table.ts';
import type { TenantVault } from './tenant.ts';
import type { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';
import type { VaultWorld } from './world.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const ID = noise('id', 16);

let world: VaultWorld;
let vault: Vault;
let tenant: TenantVault;
let head: HeadRecord;

beforeEach(async () => {
  world = testWorld(await databases.open());
  vault = await openTestVault(world);
  tenant = await vault.tenant('default');
  ({ head } = await saveFiles(world, tenant, { file: utf8('content') }));
});

async function expectDamaged({ name }: ObjectIdentity): Promise<void> {
  const { problems } = await verifyStore(vault, { readData: true });
  expect(problems).toMatchObject([{ code: 'damaged', object: name }]);
}

/** A pack that is sealed well, whatever is in it. */
async function putPack(
  identity: ObjectIdentity,
  frames: readonly Uint8Array[],
  table: Uint8Array,
): Promise<void> {
  const sealer = new ObjectSealer(tenant.keyring.seal(identity.type), identity, world.random);
  const front = concatBytes([
    sealer.header,
    ...frames.map((frame, number) => sealer.frame(number, frame)),
  ]) as Sealed;
  await world.store.put(identity.name, [front, ...sealTrailer(sealer, identity, front.length, table)]);
}

/** What only someone with the keys can do, or a program with a bug. */
describe('objects that are sealed well', () => {
  it('[V33] records that say another place than their name are found', async () => {
    const root = rootSealingKey(ROOT);
    const cases: readonly (readonly [ObjectIdentity, Uint8Array])[] = [
      [ownerIdentity(2), encodeOwner({ number: 3, home: vault.homeId, since: 0 })],
      [
        keysIdentity(tenant.id, 2),
        encodeKeys({
          tenant: tenant.id,
          number: 3,
          name: 'x',
          cutKey: noise('c', 32),
          versions: [{ version: 1, secret: ROOT, created: 0 }],
        }),
      ],
      [headIdentity(tenant.id, ID as WorkspaceId, 1), encodeHead(head)],
      [headIdentity(tenant.id, head.workspace, 2), encodeHead(head)],
    ];
    for (const [identity, plain] of cases) {
      const key =
        identity.type === 'owner' || identity.type === 'keys' ? root : tenant.keyring.seal(identity.type);
      await putRecord(world.store, key, identity, plain, world.random);
      await expectDamaged(identity);
      await world.store.delete(identity.name);
    }
  });

  it('[V32] a block with wrong bytes in it is found', async () => {
    const { store, random } = world;
    const nextPackId = () => ID as PackId;
    const writer = new PackWriter('data', {
      store,
      keyring: tenant.keyring,
      random,
      signal: undefined,
      nextPackId,
    });
    writer.add(sha256(utf8('right')), utf8('wrong'));
    await writer.finish();
    await expectDamaged(packIdentity(tenant.id, 'data', ID as PackId));
  });

  it('[V32] a pack with the table of another, or with more or less than its table says, is found', async () => {
    const identity = packIdentity(tenant.id, 'data', ID as PackId);
    const plain = utf8('x');
    const chunks = [{ id: sha256(plain), length: 1 }];
    const block = { offset: 128, frameLength: 12 + 1 + 16, plainLength: 1, chunks };
    const next = { ...block, offset: 128 + 29 };
    const tableOf = (pack: Uint8Array, ...blocks: readonly (typeof block)[]) =>
      encodeTable({ type: 'data', pack: pack as PackId, blocks }).finish();
    const cases: readonly (readonly [readonly Uint8Array[], Uint8Array])[] = [
      [[plain], tableOf(noise('another', 16), block)],
      [[plain, plain], tableOf(ID, block)],
      [[plain], tableOf(ID, block, next)],
      [[], tableOf(ID)],
    ];
    for (const [frames, table] of cases) {
      await putPack(identity, frames, table);
      await expectDamaged(identity);
      await world.store.delete(identity.name);
    }
    await putPack(identity, [plain, plain], tableOf(ID, block, next));
    expect((await verifyStore(vault, { readData: true })).problems).toEqual([]);
  });

  it('[V33] a segment whose counts are wrong is found', async () => {
    const identity = segmentIdentity(tenant.id, ID as SegmentId);
    const empty = new Uint8Array(4);
    for (const counts of [
      [1, 1, 0],
      [2, 0, 0],
      [1, 0, 1],
      [0, 0, 0],
      [1, 0, 0, 0],
    ]) {
      const trailer = new Uint8Array(Uint32Array.from(counts).buffer);
      await putPack(identity, [empty], trailer);
      await expectDamaged(identity);
      await world.store.delete(identity.name);
    }
  });

  it('[V34] a head that was published and is gone is told with its snapshot', async () => {
    const workspace = toHex(head.workspace);
    const { root, number, created } = head.snapshot;
    const { files, directories, symlinks, bytes } = root.tree.summary;
    await world.database.kysely
      .insertInto('workspaces')
      .values({ id: workspace, tenant: toHex(tenant.id), name: 'main', created, seq: 1, fence: 1 })
      .execute();
    await world.database.kysely
      .insertInto('snapshots')
      .values({
        id: toHex(head.snapshot.id),
        workspace,
        number,
        seq: 1,
        kind: 'save',
        created,
        root: encodeRoot(root),
        digest: toHex(root.tree.digest),
        files,
        directories,
        symlinks,
        bytes,
        new_bytes: 0,
        stored_bytes: 0,
        message: '',
        parent_workspace: null,
        parent_number: null,
        published: 1,
      })
      .execute();
    expect((await verifyStore(vault)).problems).toEqual([]);
    const { name } = headIdentity(tenant.id, head.workspace, 1);
    await world.store.delete(name);
    expect((await verifyStore(vault)).problems).toMatchObject([
      { code: 'missing', object: name, paths: ['main@1'] },
    ]);
  });
});
