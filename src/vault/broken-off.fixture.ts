/** Saves that are broken off when all their packs are stored. */

import { thisProcess } from '../base/index.ts';
import { storeFiles } from '../testing/snapshots.ts';
import type { SavedContent, StillHome } from '../testing/snapshots.ts';
import { contents } from '../testing/stores.ts';
import { some } from './collected.fixture.ts';
import { parseName } from './names.ts';
import type { Save } from './save.ts';

export const MIB = 1024 * 1024;

/** Of which a pack is worth being taken over. */
export const large = (seed: string): SavedContent => some(seed, 2 * MIB);

export const rows = ({ database }: StillHome) =>
  database.kysely.selectFrom('sent_packs').selectAll().execute();
/** Says of all that is announced that its process is dead. */
export async function kill({ database }: StillHome): Promise<void> {
  const [, , ...place] = thisProcess().split('-');
  const holder = ['999999999', '1', ...place].join('-');
  await database.kysely.updateTable('intents').set({ holder }).execute();
}

/** A save whose process was killed when all its packs were stored. */
export async function killed(
  home: StillHome,
  seed: string,
  ...files: readonly SavedContent[]
): Promise<Save> {
  const save = await (await home.again(seed)).tenant.beginSave();
  for (const each of files) storeFiles(save.writer, each);
  await save.finish();
  await kill(home);
  return save;
}

/** Saves, and looks at what that puts into the store. @returns stored bytes by kind */
export async function sentBy(
  home: StillHome,
  seed: string,
  files: SavedContent,
): Promise<Record<string, number>> {
  const before = new Set((await contents(home.store)).keys());
  await (await home.again(seed)).save('web', files);
  const sent: Record<string, number> = {};
  for (const [name, { length }] of await contents(home.store)) {
    const kind = parseName(name)!.kind;
    if (!before.has(name)) sent[kind] = (sent[kind] ?? 0) + length;
  }
  return sent;
}
