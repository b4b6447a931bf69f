/** A home with its store on the disk, and three runners in this process: the home, and two whose leases can be over. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chooseMeans, meansNamed } from '../../../quota/index.ts';
import { doWhatIsQuick, showSession } from '../../../session/index.ts';
import type { ServeWorld, SessionInfo } from '../../../session/index.ts';
import { sessionHomeOf } from '../../../session/session.fixture.ts';
import type { SessionHome } from '../../../session/session.fixture.ts';
import { openTestHome } from '../../home.ts';
import type { TestHome } from '../../home.ts';
import { fastDirectory } from '../fast-directory.ts';

/** Milliseconds: none is over unless `endLease` says so. */
const LEASE = 24 * 60 * 60 * 1000;

interface Runners {
  /** Where they have their directories. */
  readonly bases: string;
  readonly runners: readonly ServeWorld[];
  readonly hasLimits: boolean;
}

export class SessionSite implements AsyncDisposable {
  readonly place: string;
  readonly parts: SessionHome;
  readonly runners: readonly ServeWorld[];
  /** The same, whose new directories are file systems of their own; undefined where that cannot be. */
  readonly limited: readonly ServeWorld[] | undefined;
  readonly #home: TestHome;
  readonly #bases: string;

  private constructor(home: TestHome, parts: SessionHome, { bases, runners, hasLimits }: Runners) {
    this.#home = home;
    this.#bases = bases;
    this.place = home.place;
    this.parts = parts;
    this.runners = runners;
    this.limited = hasLimits
      ? runners.map((runner) => ({ ...runner, means: async (name) => meansNamed(name ?? 'filesystem') }))
      : undefined;
  }

  static async open(): Promise<SessionSite> {
    const home = await openTestHome(undefined, mkdtempSync(join(fastDirectory(), 'strata-sessions-')));
    const parts = sessionHomeOf(home);
    // No command is let into `/dev`.
    const bases = mkdtempSync(join(tmpdir(), 'strata-sessions-'));
    const runners = [
      await parts.runner('home', { baseDir: join(bases, 'home') }),
      await parts.runner('west', { baseDir: join(bases, 'west'), lease: LEASE }),
      await parts.runner('east', { baseDir: join(bases, 'east'), lease: LEASE }),
    ];
    const hasLimits = await chooseMeans(runners[0]!.runner.base_dir, 'filesystem').then(
      () => true,
      () => false,
    );
    return new SessionSite(home, parts, { bases, runners, hasLimits });
  }

  show(name: string): Promise<SessionInfo> {
    return showSession(this.runners[0]!, name);
  }

  /** As if nothing had been heard of its runner for long; another one notices. */
  async endLease(name: string, by: ServeWorld): Promise<void> {
    await this.#home.database.kysely
      .updateTable('sessions')
      .set({ lease_until: 1 })
      .where('name', '=', name)
      .where('lease_until', 'is not', null)
      .execute();
    await doWhatIsQuick(by);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // After a failure file systems may still be mounted.
    for (const { runner } of this.runners)
      for (const name of readdirSync(runner.base_dir))
        await meansNamed('filesystem').remove(join(runner.base_dir, name));
    await this.#home[Symbol.asyncDispose]();
    for (const place of [this.place, this.#bases]) rmSync(place, { recursive: true, force: true });
  }
}
