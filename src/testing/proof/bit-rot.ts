/** The row of stored objects that change by themselves. */

import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Engine } from '../../index.ts';
import { Chance } from './chance.ts';
import { apart, factsOf } from './facts.ts';
import type { ProofRow } from './row.ts';
import { Site } from './site.ts';
import type { Ledger } from './site.ts';
import { objects } from './sound.ts';

const DAMAGES = [
  'a bit flipped',
  'a byte changed',
  'a part zeroed',
  'cut off',
  'longer',
  'deleted',
  'swapped',
] as const;
type Damage = (typeof DAMAGES)[number];

/** What a restore may end with; all but the first say that the store cannot be read at all. */
const TYPED: ReadonlySet<string> = new Set(['integrity', 'wrong_key', 'unsupported_format', 'not_ours']);

export const bitRot: ProofRow = {
  name: 'bit-rot',
  claim:
    'Whatever happens to a stored object, `verify --read-data` names it, and what is restored is right or is refused: no wrong byte is in any target. What is remembered of a directory is right or is not used.',
  unit: 'damages',
  planted: 'verification does not look for objects that are missing',
  perCommit: 40,

  async open() {
    const site = await Site.open();
    return {
      async run(seed) {
        const chance = new Chance(`bit-rot ${seed}`);
        const ledger = site.reset();
        const damage = chance.pick(DAMAGES);
        const isCache = chance.once(6);
        try {
          const hit = isCache
            ? await damageCache(site, ledger, damage, chance)
            : await damageStore(site, ledger, damage, chance);
          return { count: 1, hit: [damage, ...hit] };
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`${damage}: ${reason}`, { cause: error });
        }
      },
      async [Symbol.asyncDispose]() {
        site[Symbol.dispose]();
      },
    };
  },
};

async function damageStore(site: Site, ledger: Ledger, damage: Damage, chance: Chance): Promise<string[]> {
  const names = objects(site);
  // Each kind as often: there are few packs, and many heads.
  const kinds = [...new Set(names.map(kindOf))];
  const kind = chance.pick(kinds);
  const name = chance.pick(names.filter((each) => kindOf(each) === kind));
  const other = chance.pick(names.filter((each) => each !== name));
  spoil(join(site.store, name), join(site.store, other), damage, chance);
  const hit = await site.engine(async ({ workspaces, store }) => {
    const found = await store.verify({ readData: true }).then(
      ({ problems }) => problems.map(({ object }) => object),
      (error: unknown) => typedCode(error),
    );
    if (typeof found === 'string') {
      if (kind !== 'format' && !(damage === 'swapped' && kindOf(other) === 'format'))
        throw new Error(`${name}: nothing could be verified: ${found}`);
      await expectNothingWrong(site, workspaces, ledger, chance);
      return [`${kind}: nothing opens`];
    }
    for (const each of damage === 'swapped' ? [name, other] : [name])
      if (!found.includes(each))
        throw new Error(`${each} is not named by verify: ${found.join(' ') || 'all is whole'}`);
    const lost = await expectNothingWrong(site, workspaces, ledger, chance);
    return [`${kind}: ${lost ? 'refused' : 'restored'}`];
  });
  return hit;
}

/** @returns whether anything was refused */
async function expectNothingWrong(
  site: Site,
  workspaces: Engine['workspaces'],
  ledger: Ledger,
  chance: Chance,
): Promise<boolean> {
  let refused = false;
  for (const ref of new Set([chance.pick([...ledger.keys()]), 'web@5', 'twin@1'])) {
    const to = site.beside('restored');
    rmSync(to, { recursive: true, force: true });
    try {
      await workspaces.restore(ref, to);
    } catch (error) {
      typedCode(error);
      if (existsSync(to)) throw new Error(`${ref} was refused, and something is there`, { cause: error });
      refused = true;
      continue;
    }
    const lines = apart(ledger.get(ref)!.facts, factsOf(to));
    if (lines.length > 0) throw new Error(`${ref} was restored, and is wrong:\n${lines.join('\n')}`);
  }
  // A save finds out by itself, too: what it says it has kept can be had.
  const result = await workspaces
    .save(site.from, { workspace: 'web' })
    .catch((error: unknown) => void typedCode(error));
  if (result !== undefined) await site.compare(workspaces, `web@${result.snapshot}`, factsOf(site.from));
  return refused;
}

/** What is remembered of a directory lies in the home, and is sealed too: damaged, it must not make a save believe anything. */
async function damageCache(site: Site, ledger: Ledger, damage: Damage, chance: Chance): Promise<string[]> {
  const place = join(site.home, 'cache', 'stat');
  return site.engine(async ({ workspaces }) => {
    await site.compare(workspaces, 'web@5', ledger.get('web@5')!.facts);
    const others = new Set(readdirSync(place));
    rmSync(place, { recursive: true });
    // Of the copies that cases work on nothing is remembered: they are other files.
    await site.save(workspaces, ledger);
    const [name = ''] = readdirSync(place);
    await site.compare(workspaces, 'twin@1', ledger.get('twin@1')!.facts);
    const other = readdirSync(place).find((each) => each !== name) ?? '';
    if (!others.has(other)) throw new Error(`nothing is remembered in ${place}`);
    spoil(join(place, name), join(place, other), damage, chance);
    const ref = await site.save(workspaces, ledger);
    const [before, after] = [...ledger.values()].slice(-2).map(({ digest }) => digest);
    if (before !== after) throw new Error('the same directory has another digest');
    await site.compare(workspaces, ref, factsOf(site.from));
    return ['stat cache: not believed'];
  });
}

function spoil(path: string, other: string, damage: Damage, chance: Chance): void {
  if (damage === 'deleted') return rmSync(path);
  const bytes = readFileSync(path);
  const at = chance.below(bytes.length);
  if (damage === 'swapped') {
    writeFileSync(path, readFileSync(other));
    return writeFileSync(other, bytes);
  }
  if (damage === 'cut off') return writeFileSync(path, bytes.subarray(0, at));
  if (damage === 'longer')
    return writeFileSync(path, Buffer.concat([bytes, chance.bytes(1 + chance.below(100))]));
  const before = Buffer.from(bytes);
  if (damage === 'a part zeroed') bytes.subarray(at, at + 1 + chance.below(4096)).fill(0);
  if (damage === 'a byte changed') bytes[at]! ^= 1 + chance.below(255);
  // Also where there were zeros already.
  if (bytes.equals(before)) bytes[at]! ^= 1 << chance.below(8);
  writeFileSync(path, bytes);
}

function kindOf(name: string): string {
  const parts = name.split('/');
  return (parts[0] === 'tenants' ? parts[2] : parts[0]) ?? '';
}

/** @throws the error itself, if it is none that damage may end with */
function typedCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!TYPED.has(code)) throw error;
  return code;
}
