/**
 * Counts what goes to a service and comes from it, by months: that is how services bill.
 *
 * It stands where requests are made, below whatever tries again: each page of a listing and each try that failed is a request of its own.
 */

import { isStrataError, systemClock } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import type { Line } from './pace.ts';
import type { Doing } from './service-error.ts';

export interface Traffic {
  /** Requests by what is billed alike, also those that failed. */
  readonly puts: number;
  /** Of objects, their parts and their sizes. */
  readonly gets: number;
  /** One a page. */
  readonly lists: number;
  readonly deletes: number;
  /** Tries of all these that ended without an answer, or with one that is none. That there is no such object is an answer. */
  readonly failed: number;
  /** Of objects. What is around them, headers and listings, is not counted. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Reads that a cache answered, and those that it could not. */
  readonly hits: number;
  readonly misses: number;
  readonly bytesHit: number;
  readonly bytesMissed: number;
}

export const NO_TRAFFIC: Traffic = Object.freeze({
  puts: 0,
  gets: 0,
  lists: 0,
  deletes: 0,
  failed: 0,
  bytesUp: 0,
  bytesDown: 0,
  hits: 0,
  misses: 0,
  bytesHit: 0,
  bytesMissed: 0,
});

export type Figure = keyof Traffic;
export const FIGURES = Object.keys(NO_TRAFFIC) as readonly Figure[];

const REQUESTS = {
  write: 'puts',
  read: 'gets',
  'look at': 'gets',
  list: 'lists',
  delete: 'deletes',
} as const satisfies Record<Doing['verb'], Figure>;

/** What is counted of one month, `2026-11` by UTC. */
export interface MonthOfTraffic extends Traffic {
  readonly month: string;
}

export class Tally {
  readonly #clock: Clock;
  #months = new Map<string, Record<Figure, number>>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  request(verb: Doing['verb']): void {
    this.#add(REQUESTS[verb], 1);
  }

  /** One try, which is one request; what it asks besides it counts itself. */
  async tries<Value>(verb: Doing['verb'], ask: () => Promise<Value>): Promise<Value> {
    this.request(verb);
    try {
      return await ask();
    } catch (error) {
      const isAnswer = isStrataError(error, 'not_found') || isStrataError(error, 'integrity');
      if (!isAnswer && !isStrataError(error, 'cancelled')) this.#add('failed', 1);
      throw error;
    }
  }

  /** The line, with all bytes counted that it carries. */
  over({ up, down }: Line): Line {
    return {
      up: async (bytes, options) => {
        await up(bytes, options);
        this.#add('bytesUp', bytes);
      },
      down: async (bytes, options) => {
        // They are here already, and paid for.
        this.#add('bytesDown', bytes);
        await down(bytes, options);
      },
    };
  }

  /** A cache had what was asked for. */
  readonly onHit = (bytes: number): void => {
    this.#add('hits', 1);
    this.#add('bytesHit', bytes);
  };

  /** … had not, and the store was asked. */
  readonly onMiss = (bytes: number): void => {
    this.#add('misses', 1);
    this.#add('bytesMissed', bytes);
  };

  /** What was counted since the last time that it was taken. */
  take(): readonly MonthOfTraffic[] {
    const months = this.#months;
    this.#months = new Map();
    return [...months].map(([month, figures]) => ({ month, ...figures }));
  }

  /** For what was taken and could not be kept. */
  giveBack(months: readonly MonthOfTraffic[]): void {
    for (const { month, ...figures } of months)
      for (const figure of FIGURES) this.#add(figure, figures[figure], month);
  }

  #add(figure: Figure, count: number, month = monthOf(this.#clock())): void {
    let figures = this.#months.get(month);
    if (figures === undefined) this.#months.set(month, (figures = { ...NO_TRAFFIC }));
    figures[figure] += count;
  }
}

/** `2026-11`, by UTC. @param time milliseconds since 1970 */
export function monthOf(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}
