/** A process of its own that looks at the clock: `node clock-looker.fixture.ts DATABASE AHEAD PASSED COUNT`, in milliseconds. Prints verdicts. */

import { openSqlite } from '../db/index.ts';
import { lookAtClock } from './clock-brake.ts';

const [path = '', ahead, passed, count] = process.argv.slice(2);

await using database = await openSqlite(path);
const started = Date.now();
const elapsed = () => Date.now() - started + Number(passed);
const clocks = {
  clock: () => started + elapsed() + Number(ahead),
  // Of one boot, in all processes that are told the same.
  monotonic: () => ({ boot: 'boot', milliseconds: started + elapsed() }),
};
for (let at = 0; at < Number(count); at++) {
  const { believed } = await database.transaction((tx) => lookAtClock(tx, clocks));
  process.stdout.write(`${believed}\n`);
}
