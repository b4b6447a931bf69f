/** A process that opens a place, says so, and waits to be killed. Arguments: the means, the place, the limit. */

import { argv } from 'node:process';
import { setTimeout } from 'node:timers/promises';

import { meansNamed } from './choose.ts';
import type { MeansName } from './quota.ts';

if (import.meta.filename === argv[1]) {
  const [name, place, limit] = argv.slice(2);
  await meansNamed(name as MeansName).open(place ?? '', Number(limit));
  process.stdout.write('open\n');
  await setTimeout(60_000);
}
