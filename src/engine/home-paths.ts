/** What a home keeps where. Paths. */

import { join } from 'node:path';

/** Directories that the engine itself writes: nothing is saved from there or restored to. */
export function ownDirectories(home: string): readonly string[] {
  return ['db', 'keys', 'cache', 'runs', 'tasks'].map((name) => join(home, name));
}

export function databaseOf(home: string): string {
  return join(home, 'db', 'strata.db');
}
