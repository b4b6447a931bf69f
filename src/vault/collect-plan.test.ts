import { describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { noise } from '../testing/noise.ts';
import { planCollection } from './collect-plan.ts';
import type { PackId, PackType } from './names.ts';
import type { PackUsage } from './usage.ts';

const MIB = 1024 * 1024;

function usage(name: string, stored: number, part: number, type: PackType = 'data'): PackUsage {
  const live = stored * part;
  return { type, pack: noise(name, 16) as PackId, stored, live, chunks: 10, liveChunks: part > 0 ? 1 : 0 };
}

const idOf = (name: string) => toHex(noise(name, 16));
const ids = (usages: readonly PackUsage[]) => usages.map(({ pack }) => toHex(pack)).sort();
const named = (...names: readonly string[]) => names.map(idOf).sort();

describe('what is done with packs', () => {
  it('[V80] one of which nothing is needed goes, one that is needed stays', () => {
    const plan = planCollection([usage('dead', 30 * MIB, 0), usage('whole', 30 * MIB, 1)]);
    expect(ids(plan.dead)).toEqual(named('dead'));
    expect(ids(plan.kept)).toEqual(named('whole'));
    expect(plan.rewritten).toEqual([]);
  });

  it('[V81] one that is less than half needed is written anew, however much there is', () => {
    const whole = Array.from({ length: 50 }, (_, at) => usage(`whole ${at}`, 30 * MIB, 1));
    const plan = planCollection([...whole, usage('sparse', 30 * MIB, 0.49), usage('half', 30 * MIB, 0.5)]);
    expect(ids(plan.rewritten)).toEqual(named('sparse'));
  });

  it('[V81] together they take at most a quarter more than what is needed', () => {
    for (const part of [0.5, 0.6, 0.7, 0.79, 0.8, 0.9, 1]) {
      const usages = Array.from({ length: 20 }, (_, at) => usage(`${at}`, 30 * MIB, part));
      const { rewritten, kept } = planCollection(usages);
      const live = 20 * 30 * MIB * part;
      const stored = rewritten.reduce((sum, each) => sum + each.live, 0) + kept.length * 30 * MIB;
      expect(stored).toBeLessThanOrEqual(1.25 * live + 1);
      // No more is written again than has to be.
      if (part >= 0.8) expect(rewritten).toEqual([]);
    }
  });

  it('[V81] those with the least in them first', () => {
    const usages = [0.55, 0.9, 0.6, 0.95, 0.7].map((part) => usage(`${part}`, 30 * MIB, part));
    const { rewritten } = planCollection(usages);
    expect(ids(rewritten)).toEqual(named('0.55'));
  });

  it('[V81] many small ones become one, of each type by itself', () => {
    const small = (type: PackType, count: number) =>
      Array.from({ length: count }, (_, at) => usage(`${type} ${at}`, 10_000, 1, type));
    expect(planCollection([...small('data', 7), ...small('tree', 7)]).rewritten).toEqual([]);
    expect(ids(planCollection([...small('data', 8), ...small('tree', 7)]).rewritten)).toEqual(
      ids(small('data', 8)),
    );
  });
});
