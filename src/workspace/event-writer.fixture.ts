/** A process of its own to which things happen: `node event-writer.fixture.ts DATABASE NAME COUNT`. */

import { systemClock } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import { recordEvent } from './events.ts';

const [path = '', workspace, count] = process.argv.slice(2);

await using database = await openSqlite(path);
const teller = { tenant: 'default', clock: systemClock };

for (let at = 0; at < Number(count); at++) {
  await database.transaction((tx) =>
    recordEvent(tx, teller, { kind: 'snapshot.created', workspace, details: { at } }),
  );
  // What is taken back has taken a number, too.
  await database
    .transaction(async (tx) => {
      await recordEvent(tx, teller, { kind: 'workspace.removed', workspace, details: { at } });
      throw new Error('taken back');
    })
    .catch(() => undefined);
}
