/** What this home asks its store for, by months: counted by each process, and added up in the database. */

import type { Cancellable, Clock, Log } from '../base/index.ts';
import { systemClock } from '../base/index.ts';
import type { Database, TrafficTable, Transaction } from '../db/index.ts';
import { FIGURES, NO_TRAFFIC, Tally, monthOf } from '../store/index.ts';
import type { Figure, MonthOfTraffic } from '../store/index.ts';

const COLUMNS = {
  puts: 'puts',
  gets: 'gets',
  lists: 'lists',
  deletes: 'deletes',
  failed: 'failed',
  bytesUp: 'bytes_up',
  bytesDown: 'bytes_down',
  hits: 'hits',
  misses: 'misses',
  bytesHit: 'bytes_hit',
  bytesMissed: 'bytes_missed',
} as const satisfies Record<Figure, keyof TrafficTable>;

/** Milliseconds. So much of a long run's count is lost if it is killed. */
const INTERVAL = 5 * 60_000;
/** Milliseconds that anybody waits for a database that is busy: a count is not worth more. */
const PATIENCE = 5_000;

/** This month so far, and the one before if anything was counted in it. */
export type Months = readonly [now: MonthOfTraffic, before?: MonthOfTraffic];

export interface TrafficBookOptions {
  readonly clock?: Clock;
  readonly log?: Log | undefined;
}

/** Writes down what is counted: now and then, and when it is closed. Nothing is written where nothing was counted. */
export class TrafficBook implements AsyncDisposable {
  readonly tally: Tally;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  #database: Database | undefined;
  #store = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor({ clock = systemClock, log }: TrafficBookOptions = {}) {
    this.#clock = clock;
    this.#log = log;
    this.tally = new Tally(clock);
  }

  /** @param store what is counted is of this one, named by its label */
  open(database: Database, store: string): void {
    this.#database = database;
    this.#store = store;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.write(), INTERVAL).unref();
  }

  /** Never fails: what cannot be written now is kept for the next time, and no call of anybody's ends for it. */
  write(options: Cancellable = {}): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(options));
    return this.#writing;
  }

  /** What is written, by all processes. */
  async months({ kysely }: Database, store: string): Promise<Months> {
    const [month, before] = monthAndTheOneBefore(this.#clock());
    const rows = await kysely
      .selectFrom('traffic')
      .selectAll()
      .where('store', '=', store)
      .where('month', 'in', [month, before])
      .execute();
    const of = (wanted: string) => rows.filter((row) => row.month === wanted).map(fromRow);
    const [now = { month, ...NO_TRAFFIC }] = of(month);
    const [last] = of(before);
    return last === undefined ? [now] : [now, last];
  }

  /** The database is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
    this.#database = undefined;
  }

  async #write({ signal }: Cancellable): Promise<void> {
    const database = this.#database;
    if (database === undefined || database.readOnly) return;
    const months = this.tally.take();
    if (months.length === 0) return;
    const patience = AbortSignal.timeout(PATIENCE);
    try {
      await database.transaction(
        async (tx) => {
          for (const month of months) await add(tx, this.#store, month);
        },
        { signal: signal === undefined ? patience : AbortSignal.any([signal, patience]) },
      );
    } catch (error) {
      this.tally.giveBack(months);
      this.#log?.(`traffic was not written down: ${error instanceof Error ? error.message : 'it failed'}`);
    }
  }
}

/** Other processes add to the same row: the database does the sum. */
async function add(tx: Transaction, store: string, counted: MonthOfTraffic): Promise<void> {
  const figures = FIGURES.map((figure) => [COLUMNS[figure], counted[figure]]);
  const row = { store, month: counted.month, ...Object.fromEntries(figures) } as TrafficTable;
  await tx
    .insertInto('traffic')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['store', 'month'])
        .doUpdateSet((eb) =>
          Object.fromEntries(
            Object.values(COLUMNS).map((column) => [
              column,
              eb(eb.ref(`traffic.${column}`), '+', eb.ref(`excluded.${column}`)),
            ]),
          ),
        ),
    )
    .execute();
}

function fromRow(row: TrafficTable): MonthOfTraffic {
  const figures = FIGURES.map((figure) => [figure, row[COLUMNS[figure]]]);
  return { month: row.month, ...Object.fromEntries(figures) } as MonthOfTraffic;
}

function monthAndTheOneBefore(now: number): [string, string] {
  const month = monthOf(now);
  // The last millisecond of the month before.
  return [month, monthOf(Date.parse(`${month}-01T00:00:00Z`) - 1)];
}
