/** Hostile objects in the store: sealed well with lies in them, or spoiled as they lie there. */

import { equalBytes, toHex } from '../../../base/index.ts';
import type { ObjectIdentity, Sealed } from '../../../chunk/index.ts';
import type { Database } from '../../../db/index.ts';
import { rebuildIndex, verifyStore } from '../../../vault/index.ts';
import type { VaultWorld } from '../../../vault/index.ts';
import { identityOf, parseName } from '../../../vault/names.ts';
import { openTestVault, testWorld } from '../../vault.ts';
import type { Chance } from '../chance.ts';
import type { Base } from './base.ts';
import { LAYOUTS } from './layout.ts';
import { lie, randomBytes, spoil } from './lies.ts';
import { outcomeOf } from './outcome.ts';
import { overlayStore } from './overlay-store.ts';
import { sealAgain, takeApart } from './reseal.ts';
import type { Opened } from './reseal.ts';

/** @param database of the base; nothing is written to it */
export async function hostileObject(base: Base, database: Database, chance: Chance): Promise<string> {
  const kind = chance.pick(['head', 'head', 'owner', 'keys', 'index', 'index', 'data', 'tree'] as const);
  const names = [...base.objects.keys()].filter((name) => parseName(name)?.kind === kind);
  const name = chance.pick(names);
  const over = new Map<string, Sealed | undefined>();
  if (chance.once(4)) over.set(name, spoil(base.objects.get(name)!, chance) as Sealed);
  else if (chance.once(20)) over.set(name, chance.once(2) ? undefined : base.objects.get(chance.pick(names)));
  else over.set(name, await lying(base, name, chance));
  const store = overlayStore(base.objects, over);
  const world = { ...testWorld({ ...database, readOnly: true }, store, `${chance.below(1e9)}`) };
  const verified = await outcomeOf(async () => {
    const { problems } = await verifyStore(await openTestVault(world), { readData: true });
    return problems.length;
  });
  return `${kind}: ${verified}, then ${await outcomeOf(() => readAll(base, world))}`;
}

/** As `hostileObject`, into a home that makes its index and its database anew from what is there. */
export async function hostileStore(base: Base, database: Database, chance: Chance): Promise<string> {
  const over = new Map<string, Sealed | undefined>();
  for (let left = 1 + chance.below(3); left > 0; left--) {
    const name = chance.pick([...base.objects.keys()]);
    if (name === 'format') over.set(name, spoil(base.objects.get(name)!, chance) as Sealed);
    else over.set(name, await lying(base, name, chance));
  }
  const world = testWorld(database, overlayStore(base.objects, over), `${chance.below(1e9)}`);
  const outcome = await outcomeOf(async () => {
    const tenant = await (await openTestVault(world)).tenant('default');
    await rebuildIndex(world, tenant);
  });
  return `rebuilt: ${outcome}, then ${await outcomeOf(() => readAll(base, world))}`;
}

async function lying(base: Base, name: string, chance: Chance): Promise<Sealed> {
  const identity = identityOf(parseName(name)!)!;
  const key = isOfStore(identity) ? base.rootKey : base.tenant.keyring.seal(identity.type);
  const find = (id: Uint8Array) =>
    equalBytes(id, base.rootKey.id) ? base.rootKey : base.tenant.keyring.find(id);
  const opened = await takeApart(identity, base.objects.get(name)!, find);
  return sealAgain(identity, key, lied(identity, opened, chance), chance);
}

function lied({ type }: ObjectIdentity, { frames, trailer }: Opened, chance: Chance): Opened {
  if (type === 'head' || type === 'owner' || type === 'keys')
    return { frames: [lie(LAYOUTS[type], frames[0]!, chance)], trailer };
  const others = [...frames];
  const at = chance.below(frames.length);
  const isTrailer = chance.once(2);
  if (type === 'index') {
    if (isTrailer) return { frames, trailer: lie(LAYOUTS.segmentTrailer, trailer!, chance) };
    others[at] = lie(LAYOUTS.tables, frames[at]!, chance);
    return { frames: others, trailer };
  }
  if (isTrailer) return { frames, trailer: lie(LAYOUTS.table, trailer!, chance) };
  const what = chance.below(4);
  if (what === 0) others.splice(at, 1);
  else if (what === 1) others.splice(at, 0, randomBytes(chance, chance.below(2000)));
  else others[at] = spoil(frames[at]!, chance);
  return { frames: others, trailer };
}

function isOfStore({ type }: ObjectIdentity): boolean {
  return type === 'owner' || type === 'keys';
}

/** Reads what was saved. @throws an Error if a wrong byte comes out */
async function readAll(base: Base, world: VaultWorld): Promise<void> {
  const tenant = await (await openTestVault(world)).tenant('default');
  const reader = await tenant.reader();
  for (const { id, bytes } of base.chunks) {
    const read = await reader.chunk(id);
    if (!equalBytes(read, bytes)) throw new Error(`chunk ${toHex(id)} came back wrong`);
  }
  for await (const head of tenant.heads()) await reader.node(head.snapshot.root.tree.node);
}
