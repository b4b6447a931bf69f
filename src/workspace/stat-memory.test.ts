import { mkdirSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { openTestHome } from '../testing/home.ts';
import { saveDirectory } from './index.ts';

it('[W20] what is remembered of a very large directory takes no other its place, nor its own', async () => {
  await using home = await openTestHome();
  const cacheDirectory = join(home.place, 'cache');
  const stat = join(cacheDirectory, 'stat');
  mkdirSync(stat, { recursive: true });
  const large = (name: string, at: number) => {
    writeFileSync(join(stat, name), '');
    truncateSync(join(stat, name), 600 * 1024 * 1024);
    utimesSync(join(stat, name), at, at);
  };
  large('newest', Date.now() / 1000 + 3600);
  large('oldest', 1);
  const tree = join(home.place, 'tree');
  mkdirSync(tree);
  writeFileSync(join(tree, 'file'), 'x');
  await saveDirectory({ ...home.world, cacheDirectory }, tree, { workspace: 'web' });
  expect(readdirSync(stat)).toHaveLength(2);
  expect(readdirSync(stat)).toContain('newest');
});
