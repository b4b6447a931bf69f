import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { ahead } from './index.ts';

describe('work ahead', () => {
  it('[B21] is given in order, with no more under way than may be', async () => {
    for (const most of [1, 3, 50]) {
      let [under, highest] = [0, 0];
      const given: number[] = [];
      const work = async (item: number) => {
        highest = Math.max(highest, ++under);
        await sleep((item * 7) % 5);
        under--;
        return item;
      };
      for await (const item of ahead(Array(20).keys(), most, work)) given.push(item);
      expect(given).toEqual([...Array(20).keys()]);
      expect(highest).toBe(Math.min(most, 20));
    }
  });

  it('[B21] ends with the first failure, after what came before it, and leaves nothing under way', async () => {
    const ended: number[] = [];
    const given: number[] = [];
    const work = async (item: number) => {
      await sleep(item === 3 ? 1 : 20);
      ended.push(item);
      if (item >= 3) throw new Error(`${item}`);
      return item;
    };
    const all = async () => {
      for await (const item of ahead(Array(9).keys(), 5, work)) given.push(item);
    };
    await expect(all()).rejects.toThrow('3');
    expect(given).toEqual([0, 1, 2]);
    expect(ended.sort()).toEqual([...Array(ended.length).keys()]);
    const before = ended.length;
    await sleep(30);
    expect(ended).toHaveLength(before);
  });

  it('[B21] whoever stops listening waits for what is under way', async () => {
    let under = 0;
    const work = async () => {
      under++;
      await sleep(5);
      under--;
    };
    for await (const _ of ahead(Array(9).keys(), 4, work)) break;
    expect(under).toBe(0);
  });
});
