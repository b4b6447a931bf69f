/**
 * The directory of a session on a runner: the files, within their quota, and beside them what is known of them. It is believed before the
 * database about what is in it, and never about who may work in it.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError, errno, syncDirectory, systemError, thisProcess } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { LimitedDirectory, MeansName } from '../quota/index.ts';
import type { SessionWorld } from './world.ts';

/**
 * `making`: nobody has worked in it yet. `dirty`: it may have what is in no snapshot. `clean`: all that it has is in `snapshot`.
 * `restoring`: it is becoming `snapshot`, and is a mixture until then.
 */
export type PlaceState = 'making' | 'dirty' | 'clean' | 'restoring';

export interface Marker {
  readonly session: string;
  readonly state: PlaceState;
  /** Of the lease that it was last worked in under. */
  readonly fence: number;
  /** The snapshot that its files come from, or go to. */
  readonly snapshot: number | undefined;
  readonly means: MeansName;
  /** The process that is making it. */
  readonly maker: string;
}

const MARKER = 'session.json';
const MIB = 1024 * 1024;

export class SessionPlace {
  readonly path: string;
  readonly #world: SessionWorld;
  readonly #session: Pick<SessionTable, 'id' | 'name' | 'quota_mb'>;

  constructor(world: SessionWorld, session: Pick<SessionTable, 'id' | 'name' | 'quota_mb'>) {
    this.#world = world;
    this.#session = session;
    this.path = join(world.runner.base_dir, session.id);
  }

  /** @throws integrity if it cannot be read */
  get marker(): Marker | undefined {
    return readMarker(this.path);
  }

  /** Where stat caches are kept that are good for this directory alone. */
  get cacheDirectory(): string {
    return join(this.path, 'cache');
  }

  /** Makes what is not there. Writes no marker. */
  async open(options: Cancellable): Promise<LimitedDirectory> {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw systemError(error, `make the directory of session ${this.#session.name}, ${this.path}`);
    }
    const means = await this.#world.means(this.marker?.means);
    return means.open(this.path, this.#session.quota_mb * MIB, options);
  }

  /** Durable when it returns: what is in the directory must not be taken for something else after a crash. */
  mark(state: PlaceState, facts: Pick<Marker, 'fence' | 'snapshot' | 'means'>): void {
    const marker: Marker = { session: this.#session.id, state, maker: thisProcess(), ...facts };
    const path = join(this.path, MARKER);
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      writeFileSync(temporary, `${JSON.stringify(marker)}\n`, { mode: 0o600, flush: true });
      renameSync(temporary, path);
      syncDirectory(this.path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw systemError(error, `write down what is in ${this.path}`);
    }
  }

  /** Puts it away; its files stay. */
  async close(options: Cancellable): Promise<void> {
    const { marker } = this;
    if (marker !== undefined) await (await this.#world.means(marker.means)).close(this.path, options);
  }

  async remove(options: Cancellable): Promise<void> {
    await removePlace(this.#world, this.path, options);
  }
}

/** Also when there is none. @throws integrity; unavailable if something still uses it */
export async function removePlace(
  world: Pick<SessionWorld, 'means'>,
  path: string,
  options: Cancellable,
): Promise<void> {
  const marker = readMarker(path);
  if (!existsSync(path)) return;
  if (marker !== undefined) await (await world.means(marker.means)).remove(path, options);
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw systemError(error, `remove the directory of a session, ${path}`);
  }
}

/** @param path of a place. @throws integrity */
export function readMarker(path: string): Marker | undefined {
  const file = join(path, MARKER);
  try {
    const marker = JSON.parse(readFileSync(file, 'utf8')) as Partial<Marker>;
    const { session, state, fence, means } = marker;
    const isWhole =
      typeof session === 'string' &&
      typeof fence === 'number' &&
      ['making', 'dirty', 'clean', 'restoring'].includes(state ?? '') &&
      ['filesystem', 'project', 'watch'].includes(means ?? '');
    if (isWhole) return marker as Marker;
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    if (errno(error) !== undefined) throw systemError(error, `read ${file}`);
  }
  throw new StrataError(
    'integrity',
    `${file} is damaged: nobody can tell what is in the directory beside it`,
    {
      hint: 'Look at the files there; save what is of worth with `strata workspaces save`, then move the directory away.',
      details: { path: file },
    },
  );
}
