/** A process of its own that puts one object: `node putter.fixture.ts DIRECTORY NAME TEXT [stall]`. */

import { utf8 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { openLocalStore } from './local.ts';

const [directory = '', name = '', body = '', stall] = process.argv.slice(2);

async function* parts(): AsyncIterable<Sealed> {
  yield utf8(body) as Sealed;
  if (stall === undefined) return;
  process.stdout.write('half\n');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

process.stdout.write(`${await openLocalStore(directory).put(name, parts())}\n`);
