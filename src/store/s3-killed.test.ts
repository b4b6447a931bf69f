import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';

import type { Sealed } from '../chunk/index.ts';
import { describeWith } from '../testing/need.ts';
import { noise } from '../testing/noise.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import { retrying } from './retrying.ts';
import { openS3Store } from './s3.ts';
import { names } from './store.contract.ts';

describeWith(['radosgw'], 'S3 store at a service that is killed', () => {
  it('[S43] [S39] what was acknowledged is there, and each put is told rightly whether it created', async () => {
    await using service = await startRadosgw('bluestore');
    await service.bucket('bucket');
    const { endpoint, credentials } = service;
    let failures = 0;
    const store = retrying(openS3Store({ bucket: 'bucket', endpoint, credentials }, { idle: 5000 }), {
      failed: () => failures++,
    });
    const bodies = new Map<string, Sealed>();
    const over = new AbortController();
    const putter = async (at: number) => {
      for (let number = 0; !over.signal.aborted; number++) {
        const [name, body] = [`n/${at}/${number}`, noise(`${at}/${number}`, 200_000) as Sealed];
        // Nobody else gives these names, so `exists` would be wrong.
        expect([name, await store.put(name, [body])]).toEqual([name, 'created']);
        bodies.set(name, body);
      }
    };
    const putting = Promise.all([1, 2, 3, 4].map(putter));
    for (let times = 0; times < 2; times++) {
      await sleep(1000);
      await service.kill();
      await service.revive();
    }
    await sleep(500);
    over.abort();
    await putting;

    expect(failures).toBeGreaterThan(0);
    expect(bodies.size).toBeGreaterThan(8);
    for (const [name, body] of bodies) expect(Buffer.compare(await store.get(name), body)).toBe(0);
    expect(await names(store, 'n/')).toEqual([...bodies.keys()].sort());
  }, 120_000);
});
