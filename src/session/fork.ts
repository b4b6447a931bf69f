/** A new session from a snapshot of another one, or of any workspace: rows and a head, whatever the size. */

import { forkWorkspace, recordEvent } from '../workspace/index.ts';
import { checkNewSession, insertSession } from './new-session.ts';
import type { NewSession } from './new-session.ts';
import type { SessionWorld } from './world.ts';
import type { Cancellable } from '../base/index.ts';
import { durabilityOf } from './save-files.ts';

/**
 * Suspended: whoever resumes it gets the files then.
 *
 * @param ref `SESSION[@SNAPSHOT]`, in the region where the new one has its snapshots
 * @throws already_exists; workspace_not_found, snapshot_not_found
 */
export async function forkSession(
  world: SessionWorld,
  ref: string,
  wish: NewSession,
  options: Cancellable,
): Promise<void> {
  checkNewSession(wish);
  const store = await world.storeOf(wish.storeRegion, options);
  await forkWorkspace(store, ref, wish.name, {
    ...options,
    also: async (tx, snapshot) => {
      await insertSession(tx, world, wish, {
        state: 'suspended',
        workspace: snapshot.workspace,
        used: snapshot.bytes,
        durability: durabilityOf({ mobility: wish.mobility }),
      });
      await recordEvent(tx, world, {
        kind: 'session.forked',
        session: wish.name,
        details: { from: ref },
      });
    },
  });
}
