/**
 * A database whose every statement and transaction waits for its turn. The real one is below: a transaction runs whole in one turn, as
 * if others waited for it, which is what it promises.
 */

import { thisProcess } from '../../../base/index.ts';
import type { Database } from '../../../db/index.ts';
import type { Turns } from './turns.ts';

const RUNS = new Set(['execute', 'executeTakeFirst', 'executeTakeFirstOrThrow']);

/** @param process who asks: it is written into what it announces, so that it can be found dead alone */
export function turnDatabase(database: Database, turns: Turns, process: string): Database {
  const claim = () =>
    database.kysely
      .updateTable('intents')
      .set({ holder: `${thisProcess()}-${process}` })
      .where('holder', '=', thisProcess())
      .execute();
  return {
    label: database.label,
    readOnly: false,
    kysely: waiting(database.kysely, () => turns.wait(process, 'statement')),
    async transaction(fn, options) {
      await turns.wait(process, 'transaction');
      const value = await database.transaction(fn, options);
      await claim();
      await turns.wait(process, 'transaction: answer');
      return value;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What a process announced is that of a dead one from now on. */
export async function bury(database: Database, process: string): Promise<void> {
  const alive = `${thisProcess()}-${process}`;
  const [, , ...place] = alive.split('-');
  await database.kysely
    .updateTable('intents')
    .set({ holder: ['999999999', '1', ...place].join('-') })
    .where('holder', '=', alive)
    .execute();
}

/** The same queries, but that each waits before it runs. */
function waiting<Query extends object>(query: Query, wait: () => Promise<void>): Query {
  return new Proxy(query, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const run = () => Reflect.apply(value, target, given) as unknown;
        if (typeof name === 'string' && RUNS.has(name)) return wait().then(run);
        const next = run();
        return typeof next === 'object' && next !== null && !(next instanceof Promise)
          ? waiting(next, wait)
          : next;
      };
    },
  });
}
