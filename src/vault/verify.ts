/**
 * Verification of a whole store: every object is looked at, then every tree that a snapshot names is walked, so that what is wrong
 * is told by object and by path. Nothing is repaired and nothing is changed.
 */

import { StrataError, ahead, giveWay, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SuspectTable } from '../db/index.ts';
import type { Store, StoredObject } from '../store/index.ts';
import { Announcement } from './announce.ts';
import { noteSuspects, packsApart } from './apart.ts';
import { atOnce } from './at-once.ts';
import { addTables, emptyIndex } from './chunk-index.ts';
import { readExpected } from './expected.ts';
import type { Expected } from './expected.ts';
import { Findings } from './findings.ts';
import { readFormat } from './format.ts';
import { removedHeads } from './inventory.ts';
import {
  OWNER_PREFIX,
  TENANTS_PREFIX,
  PACK_TYPES,
  headIdentity,
  idOf,
  ownerIdentity,
  parseName,
  tenantPrefix,
} from './names.ts';
import type { TenantId } from './names.ts';
import type { VerifyReport } from './report.ts';
import { packsInForce } from './segments-in-force.ts';
import { tableOf } from './table.ts';
import type { EncodedTable } from './table.ts';
import { VaultReader } from './reader.ts';
import { ObjectCheck } from './verify-object.ts';
import type { TenantObjects } from './verify-object.ts';
import { TreeWalk } from './verify-trees.ts';
import type { Vault } from './vault.ts';
import type { VaultWorld } from './world.ts';

export interface VerifyStoreOptions extends Cancellable {
  /** Also open every block and hash every chunk. */
  readonly readData?: boolean | undefined;
  /** Bytes that were found right so far. */
  readonly onProgress?:
    | ((progress: { readonly objects: number; readonly bytes: number }) => void)
    | undefined;
}

/** @throws wrong_key if the root key opens nothing: then all would look damaged; what the store throws */
export async function verifyStore(vault: Vault, options: VerifyStoreOptions = {}): Promise<VerifyReport> {
  const { store, clock } = vault.world;
  const started = clock();
  await using pins = new AsyncDisposableStack();
  await holdAll(vault.world, pins, options);
  // Before the listing: what is saved meanwhile is not missed by it.
  const expected = await readExpected(vault.world);
  const findings = new Findings();
  const check = new ObjectCheck(vault, findings, options);
  const names = new Set<string>();
  /** Records that no key of ours opens. */
  const closed = new Map<string, unknown>();
  let checkedBytes = 0;
  for await (const name of store.foreign(options))
    findings.add('foreign', name, 'it is no object of a store');
  const look = async ({ name, size }: StoredObject): Promise<void> => {
    await giveWay(options.signal);
    try {
      const parsed = parseName(name);
      if (parsed === undefined) findings.add('foreign', name, 'it is no object of a store');
      else if (parsed.kind === 'format') await readFormat(store, options);
      else await check.object(parsed);
      checkedBytes += size;
    } catch (error) {
      if (isStrataError(error, 'wrong_key')) closed.set(name, error);
      // The end of a save, a rotation or a rebuilt index takes objects away. One that is needed is missed below.
      else if (isStrataError(error) && !(await check.exists(name))) names.delete(name);
      else findings.addError(name, error);
    }
  };
  /** Keys come first in the listing, and have to be known before what they open is looked at. */
  let keys: Promise<unknown> = Promise.resolve();
  const inTurn = async (object: StoredObject): Promise<void> => {
    names.add(object.name);
    const before = keys;
    if (object.name.startsWith(TENANTS_PREFIX)) {
      await before;
      return look(object);
    }
    const looked = before.then(() => look(object));
    keys = looked.catch(() => {});
    return looked;
  };
  for await (const _ of ahead(store.list('', options), packsAtOnce(store), inTurn))
    options.onProgress?.({ objects: names.size, bytes: checkedBytes });
  for (const [name, error] of closed)
    if (expected.objects.includes(name) || !check.isSuperseded(name)) findings.addError(name, error);
  const hasKeys = [...check.tenants.values()].some(({ keyring }) => keyring !== undefined);
  if (!hasKeys && findings.has('wrong_key')) {
    throw new StrataError('wrong_key', `${store.label} is sealed with another root key`, {
      hint: 'Give the root key of this store: its key file, passphrase or recovery key.',
    });
  }
  await findMissing(vault, expected, names, findings);
  if (![...names].some((name) => name.startsWith(OWNER_PREFIX)))
    findings.add('missing', ownerIdentity(1).name, 'no record says which home owns the store');
  for (const [id, tenant] of check.tenants) {
    await checkNewPacks(check, vault.world, idOf(id), names, findings, options);
    await walkTrees(vault, id, tenant, expected, findings, options);
    await noteLost(vault.world, idOf(id), tenant, findings, options);
  }
  nameLostHeads(expected, findings);
  const problems = findings.problems();
  return {
    ok: problems.every(({ code }) => code === 'foreign'),
    checkedBytes,
    objects: names.size,
    problems,
    seconds: (clock() - started) / 1000,
  };
}

/** Each may be in memory as a whole. */
function packsAtOnce(store: Store): number {
  return Math.ceil(atOnce(store) / 2);
}

/** Nothing is deleted while it is looked at. */
async function holdAll(world: VaultWorld, pins: AsyncDisposableStack, options: Cancellable): Promise<void> {
  if (world.database.readOnly) return;
  const { database, region } = world;
  const rows = await database.kysely
    .selectFrom('tenants')
    .select('id')
    .where('region', '=', region)
    .execute();
  for (const { id } of rows) pins.use(await Announcement.toReadAll(world, idOf<TenantId>(id), options));
}

/** What the database named before the listing, and names still: it may have put other objects in force meanwhile. */
async function findMissing(
  { world }: Vault,
  expected: Expected,
  names: ReadonlySet<string>,
  findings: Findings,
): Promise<void> {
  const absent = expected.objects.filter((name) => !names.has(name));
  if (absent.length === 0) return;
  const now = new Set((await readExpected(world)).objects);
  for (const name of absent) if (now.has(name)) findings.add('missing', name, 'it is not in the store');
}

/** Packs of saves that ended during the listing, where it was past already: heads and segments that it came to later need them. */
async function checkNewPacks(
  check: ObjectCheck,
  { store }: VaultWorld,
  tenant: TenantId,
  names: ReadonlySet<string>,
  findings: Findings,
  options: Cancellable,
): Promise<void> {
  for (const type of PACK_TYPES) {
    for await (const { name } of store.list(`${tenantPrefix(tenant)}${type}/`, options)) {
      const parsed = parseName(name);
      if (names.has(name) || parsed?.kind !== type) continue;
      try {
        await check.object(parsed);
      } catch (error) {
        findings.addError(name, error);
      }
    }
  }
}

/** Walks every snapshot of a tenant that the database or a head knows. */
async function walkTrees(
  vault: Vault,
  id: string,
  { keyring, packs, indexed, heads }: TenantObjects,
  expected: Expected,
  findings: Findings,
  options: Cancellable,
): Promise<void> {
  if (keyring === undefined) return;
  const index = emptyIndex();
  const inForce = await packsInForce(vault.world, keyring, options);
  const apart = await packsApart(vault.world.database.kysely, keyring.tenant);
  const isFirst = ({ pack }: EncodedTable) => inForce.has(toHex(pack)) && !apart.has(toHex(pack));
  const isSuspect = ({ pack }: EncodedTable) => apart.get(toHex(pack)) === 'suspect';
  // What a pack says of itself counts; the index only tells what a lost pack had. A collection that was about to delete a pack when this
  // began has put what is needed of it elsewhere.
  const tables = [...packs.values()];
  addTables(index, tables.filter(isFirst));
  for (const suspect of [false, true])
    addTables(
      index,
      tables.filter((table) => !isFirst(table) && isSuspect(table) === suspect),
    );
  const absent = [...indexed].filter(([name]) => !packs.has(name));
  // A segment that was replaced, and not deleted yet, tells of packs that were deleted since.
  for (const [name, table] of absent) {
    if (!inForce.has(toHex(table.pack))) continue;
    const problem = findings.add('missing', name, 'the index names it, and it is not in the store');
    for (const { chunks } of tableOf(table).blocks)
      // What a save has stored again since is not lost.
      for (const { id: chunk } of chunks) if (!index[table.type].has(chunk)) findings.spoil(chunk, problem);
    addTables(index, [table]);
  }
  const reader = new VaultReader({ store: vault.world.store, keyring, index, signal: options.signal });
  const walk = new TreeWalk(keyring.tenant, reader, index.data, findings, options);
  const known = expected.trees.filter((tree) => tree.tenant === id);
  for (const { label, root } of known) await walk.walk(label, root.tree);
  const removed = await removedHeads(vault.world, keyring.tenant);
  for (const { name, workspace, seq, snapshot } of heads) {
    // Only its object is still there, and what it needs may be gone.
    if (removed.has(headIdentity(keyring.tenant, workspace, seq).name)) continue;
    await walk.walk(`${name}@${snapshot.number}`, snapshot.root.tree);
  }
}

/** Saves store again what is in packs that are not whole, when they meet it; so what was lost comes back with its files. */
async function noteLost(
  { database, clock }: VaultWorld,
  tenant: TenantId,
  { packs, indexed }: TenantObjects,
  findings: Findings,
  options: VerifyStoreOptions,
): Promise<void> {
  const found = new Map<string, Pick<SuspectTable, 'kind' | 'reason'> | undefined>();
  for (const [name, { type, pack }] of [...indexed, ...packs]) {
    const code = findings.find(name)?.code;
    if (code === 'missing' || code === 'damaged') found.set(toHex(pack), { kind: type, reason: code });
    // Damage in a block shows only when it is opened.
    else if (code === undefined && options.readData === true) found.set(toHex(pack), undefined);
  }
  await noteSuspects(database, tenant, found, clock(), options);
}

/** A head that is gone or damaged takes nothing with it while the database lives, but says what a rebuilt one would miss. */
function nameLostHeads(expected: Expected, findings: Findings): void {
  for (const { head, label } of expected.trees) {
    const problem = head === undefined ? undefined : findings.find(head);
    if (problem !== undefined) findings.hit(problem, label);
  }
}
