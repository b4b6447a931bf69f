/** Hostile files beside the store: what is remembered of a directory, sealed well with lies in it, or spoiled. */

import { readdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { concatBytes, equalBytes, sha256, toHex } from '../../../base/index.ts';
import type { Sha256 } from '../../../base/index.ts';
import { scanDirectory } from '../../../disk/index.ts';
import type { TenantVault } from '../../../vault/index.ts';
import { STAT_KIND } from '../../../workspace/stat-memory.ts';
import { MemoryContent } from '../../memory-content.ts';
import type { Chance } from '../chance.ts';
import type { Base } from './base.ts';
import { LAYOUTS, numberBytes } from './layout.ts';
import { lie, randomBytes, spoil } from './lies.ts';
import { outcomeOf } from './outcome.ts';
import { sealAgain, takeApart } from './reseal.ts';

/** In front of the records stands the epoch. */
const EPOCH_BYTES = 8;

/** Saves of a directory of which all is known. */
export class RememberedDirectory {
  readonly #base: Base;
  readonly #known = new MemoryContent();
  readonly #records: Uint8Array;
  /** What the directory holds, by a save that remembers nothing. */
  #truth: Sha256 | undefined;

  private constructor(base: Base, records: Uint8Array) {
    this.#base = base;
    this.#records = records;
  }

  static async of(base: Base): Promise<RememberedDirectory> {
    const parts: Uint8Array[] = [];
    const memory = { records: undefined, write: (part: Uint8Array) => void parts.push(part.slice()) };
    const known = new MemoryContent();
    const clock = () => Date.now() + 10_000;
    const tree = join(base.tree, 'small');
    const { root } = await scanDirectory(tree, known.sink, { memory, clock, threads: 0 });
    const one = new RememberedDirectory(base, concatBytes(parts));
    for (const [id, bytes] of known.chunks) one.#known.chunks.set(id, bytes);
    for (const [id, bytes] of known.nodes.nodes) one.#known.nodes.nodes.set(id, bytes);
    one.#truth = root.tree.digest;
    return one;
  }

  /** A save that believes records with lies in them. Of a lie that looks true it may keep what it says, and no byte that nobody saved. */
  async hostile(chance: Chance): Promise<string> {
    const records = chance.once(4)
      ? spoil(this.#records, chance)
      : lie(LAYOUTS.memory, Uint8Array.from(this.#records), chance);
    const { chunks, nodes } = this.#known;
    const sink = {
      ...this.#known.sink,
      has: (bytes: Uint8Array, at: number) => chunks.has(toHex(bytes.subarray(at, at + 32))),
      hasNode: (id: Sha256) => nodes.nodes.has(toHex(id)),
    };
    const treesMayLack = chance.once(2);
    const memory = { records, treesMayLack, write: () => {} };
    let digest: Uint8Array | undefined;
    const outcome = await outcomeOf(async () => {
      const tree = join(this.#base.tree, 'small');
      ({ digest } = (await scanDirectory(tree, sink, { memory, threads: 0 })).root.tree);
    });
    const isTrue = digest !== undefined && equalBytes(digest, this.#truth!);
    return `remembered: ${outcome === 'fine' && !isTrue ? 'believed' : outcome}`;
  }
}

/** A local file reads as nothing, or as what was sealed in it. */
export async function hostileLocalFile(base: Base, chance: Chance): Promise<string> {
  const { keyring } = base.tenant as TenantVault;
  const identity = { type: 'tree', tenant: keyring.tenant, name: `local/${STAT_KIND}` } as const;
  const { frames, trailer } = await takeApart(identity, base.memory.sealed, keyring.find);
  const place = join(base.place, 'local');
  await mkdir(place, { recursive: true });
  const path = join(place, base.memory.name);
  const others = [...frames];
  if (chance.once(3)) others.push(randomBytes(chance, chance.below(100)));
  const total = chance.pick([0, 1, EPOCH_BYTES, 2 ** 24, 2 ** 32, 2 ** 40, 2 ** 53 - 1]);
  const lying = chance.once(3) ? randomBytes(chance, chance.below(12)) : numberBytes(total, 8);
  const sealed = chance.once(2)
    ? spoil(base.memory.sealed, chance)
    : sealAgain(
        identity,
        keyring.seal('tree'),
        { frames: others, trailer: chance.once(4) ? trailer : lying },
        chance,
      );
  writeFileSync(path, sealed);
  let read: Uint8Array | undefined;
  const outcome = await outcomeOf(async () => {
    read = await base.tenant.localFile(path, STAT_KIND).read();
  });
  const plain = Buffer.concat(others);
  if (
    read !== undefined &&
    !equalBytes(sha256(read), sha256(plain)) &&
    !equalBytes(read, Buffer.concat(frames))
  )
    throw new Error('a local file gave back what nobody wrote');
  if (readdirSync(place).length !== 1) throw new Error('reading a local file left something');
  return `local file: ${read === undefined ? 'nothing' : outcome}`;
}
