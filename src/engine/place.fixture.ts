/** A home in a directory of its own, opened as a program would: for tests of the engine. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

import { openEngine } from './index.ts';
import type { Engine, EngineOptions } from './index.ts';

const places: string[] = [];
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));

export interface Place {
  readonly home: string;
  readonly tree: string;
  /** A path that does not exist yet. */
  readonly out: (name?: string) => string;
  readonly open: (options?: EngineOptions) => Promise<Engine>;
}

export function newPlace(config?: string): Place {
  const place = mkdtempSync(join(tmpdir(), 'strata-engine-'));
  places.push(place);
  const home = join(place, 'home');
  const tree = join(place, 'tree');
  mkdirSync(join(tree, 'deep', 'er'), { recursive: true });
  writeFileSync(join(tree, 'deep', 'er', 'file'), 'a secret line\n'.repeat(5000));
  mkdirSync(home);
  if (config !== undefined) writeFileSync(join(home, 'strata.yaml'), config);
  return {
    home,
    tree,
    out: (name = 'out') => join(place, name),
    open: (options = {}) => openEngine({ home, env: {}, cwd: place, ...options }),
  };
}

export async function using<Result>(
  place: Place,
  work: (engine: Engine) => Promise<Result>,
  options?: EngineOptions,
): Promise<Result> {
  await using engine = await place.open(options);
  // Awaited here: the engine closes when this function returns.
  return await work(engine);
}

export const save = (place: Place, options?: EngineOptions) =>
  using(place, (engine) => engine.workspaces.save(place.tree, { workspace: 'web' }), options);
