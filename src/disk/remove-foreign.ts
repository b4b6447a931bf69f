/** Goes through a directory beside a tree, and removes what the tree does not have. */

import { errno } from '../base/index.ts';
import type { DirectoryEntry, NodeSource, Path, TreeRef } from '../tree/index.ts';
import { mountOf, unlockAt } from './at.ts';
import { descend } from './descend.ts';
import type { ExactMemory } from './exact-memory.ts';
import type { Foreign } from './foreign.ts';
import { makeWritable, setLooks } from './looks.ts';
import { Pace } from './pace.ts';
import { Shadow } from './shadow.ts';
import { findStagings } from './staging.ts';

export interface RemoveForeignOptions {
  readonly source: NodeSource;
  readonly tree: TreeRef;
  /** Removes it. */
  readonly foreign: Foreign;
  readonly sync: boolean;
  /** Takes note of what is there. */
  readonly memory?: ExactMemory | undefined;
}

/**
 * Staging directories of the living stay. Cannot be cancelled: whoever has come that far is better done. Directories that something was
 * removed from have the mode and time of the tree then.
 *
 * @param target an open directory, which stays open; its own mode and time are left to the caller
 * @throws as `Foreign.visit` and `Shadow.claim`; integrity, unavailable, … of the source
 */
export async function removeForeign(
  target: number,
  { source, tree, foreign, sync, memory }: RemoveForeignOptions,
): Promise<void> {
  using shadow = new Shadow(target, { allBut: findStagings(target).living });
  /** Whether each directory from the first one down had to be unlocked. */
  const unlocked: boolean[] = [];

  const mount = mountOf(target);

  /** @returns whether it is the target's: what was mounted since the survey, which refuses it, is not */
  const clear = async (path: Path): Promise<boolean> => {
    if (mountOf(shadow.fd!) !== mount) {
      foreign.stuck.add(path);
      return false;
    }
    makeWritable(shadow.fd!);
    for (const name of shadow.foreign()) await foreign.visit(shadow.fd!, name, [...path, name]);
    return true;
  };

  const leave = (entry: DirectoryEntry, isChanged: boolean): void => {
    memory?.leave(entry);
    shadow.leave((fd) => isChanged && setLooks(fd, entry, sync));
  };

  await descend(
    { source, tree },
    {
      enter(entry, path) {
        unlocked.push(enter(shadow, entry, path));
        memory?.enter(entry);
        return undefined;
      },
      leave(entry, path) {
        const isUnlocked = unlocked.pop() === true;
        if (!shadow.hasForeign) return void leave(entry, isUnlocked);
        return clear(path).then((isOurs) => leave(entry, isOurs));
      },
      leaf(entry, path) {
        shadow.claim(entry, path);
        return entry.kind === 'file' ? memory?.file(entry, shadow.fd) : memory?.link();
      },
    },
    new Pace({}),
  );
  if (shadow.hasForeign) await clear([]);
}

/** @returns whether it had to be unlocked: as a directory of the tree it has its mode already */
function enter(shadow: Shadow, entry: DirectoryEntry, path: Path): boolean {
  const stands = shadow.standing(entry, path);
  try {
    shadow.enter(entry.name, stands);
    return false;
  } catch (error) {
    if (errno(error) !== 'EACCES' || shadow.fd === undefined) throw error;
  }
  unlockAt(shadow.fd, entry.name);
  shadow.enter(entry.name, stands);
  return true;
}
