import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { toHex } from '../base/index.ts';
import type { TestHome } from '../testing/home.ts';
import { saveDirectory } from './index.ts';

/** A small tree at `<place>/tree`, saved as `web`. */
export async function savedTree({ place, world }: TestHome): Promise<string> {
  const tree = join(place, 'tree');
  mkdirSync(join(tree, 'src'), { recursive: true });
  writeFileSync(join(tree, 'src', 'main.ts'), 'one\n');
  writeFileSync(join(tree, 'readme'), 'read me\n');
  await saveDirectory(world, tree, { workspace: 'web' });
  return tree;
}

/** Its id, as rows have it. */
export function tenantOf({ world }: TestHome): string {
  return toHex(world.vault.id);
}
