/** A process of its own that asks a store: `node traffic.fixture.ts DATABASE STORE TIME ROUNDS`. */

import { openSqlite } from '../db/index.ts';
import { TrafficBook } from './traffic.ts';

const [path = '', store = '', time, rounds] = process.argv.slice(2);

await using database = await openSqlite(path);
for (let round = 0; round < Number(rounds); round++) {
  await using book = new TrafficBook({ clock: () => Number(time) });
  book.open(database, store);
  book.tally.request('write');
  book.tally.request('read');
  book.tally.onHit(1000);
  await book.tally.over({ up: () => {}, down: () => {} }).up(2 ** 20);
}
