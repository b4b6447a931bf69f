/** What a save does not keep, counted by reason, and told in one line each. */

import type { Stats } from 'node:fs';

import type { Path } from '../tree/index.ts';
import { tallyText, Tallying } from './tally.ts';
import type { Tally } from './tally.ts';

/** The line that is printed for a count and the first path; undefined where the user asked for it. */
const LINES = {
  excluded: undefined,
  own: (paths) => `the store that this is saved to, and what belongs to it, is left out: ${paths}`,
  fifo: (paths) => `FIFOs are left out: ${paths}`,
  socket: (paths) => `sockets are left out: ${paths}`,
  device: (paths) => `devices are left out: ${paths}`,
  specialBits: (paths) => `setuid, setgid and sticky bits are not kept: ${paths}`,
  attributes: (paths) => `extended attributes and ACLs are not kept: ${paths}`,
  owner: (paths) => `files of other owners will belong to whoever restores them: ${paths}`,
} as const satisfies Record<string, ((paths: string) => string) | undefined>;

export type LeftOutReason = keyof typeof LINES;

/** Node cannot see extended attributes of files: `attributes` counts those that an archive tells of. */
export type LeftOut = Readonly<Record<LeftOutReason, Tally>>;

export type LeavingOut = Readonly<Record<LeftOutReason, Tallying>>;

export function leavingOut(): LeavingOut {
  return {
    excluded: new Tallying(),
    own: new Tallying(),
    fifo: new Tallying(),
    socket: new Tallying(),
    device: new Tallying(),
    specialBits: new Tallying(),
    attributes: new Tallying(),
    owner: new Tallying(),
  };
}

const SPECIAL_BITS = 0o7000;

/** Counts what is not kept of things that are. */
export class Losses {
  readonly #leftOut: LeavingOut;
  /** Our user id: whose files need no mention. */
  readonly #user = process.geteuid?.();

  constructor(leftOut: LeavingOut) {
    this.#leftOut = leftOut;
  }

  /** @param path is asked for only if something is lost */
  note({ mode, uid }: Pick<Stats, 'mode' | 'uid'>, path: () => Path): void {
    if ((mode & SPECIAL_BITS) !== 0) this.#leftOut.specialBits.add(path());
    if (uid !== this.#user) this.#leftOut.owner.add(path());
  }
}

export function warnings(leftOut: LeftOut): string[] {
  return Object.entries(LINES).flatMap(([reason, line]) => {
    const tally = leftOut[reason as LeftOutReason];
    return line === undefined || tally.count === 0 ? [] : [line(tallyText(tally))];
  });
}
