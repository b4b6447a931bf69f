/**
 * A home whose store is on a service, behind a proxy that lets go wrong what it is told to. Each case has a prefix of its own, its region `far`
 * another one; its region `shelf` is on the local disk.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Sealed } from '../../../chunk/index.ts';
import type { Engine } from '../../../index.ts';
import { openLocalStore } from '../../../store/index.ts';
import type { Store } from '../../../store/index.ts';
import { startFaultProxy } from '../../fault-proxy.ts';
import type { FaultProxy } from '../../fault-proxy.ts';
import { contents } from '../../stores.ts';
import { apart, factsOf } from '../facts.ts';
import type { Facts } from '../facts.ts';
import { copyInto, makePlace, removePlace } from '../place.ts';
import { strataProgram } from '../program.ts';
import type { Program, Started } from '../program.ts';
import { makePast } from '../site.ts';
import type { Kept, Ledger, Sited } from '../site.ts';
import type { Bare } from '../sound.ts';
import type { Provider } from './provider.ts';

/** Files in the directory that is saved, about: many requests say no more than a few. */
const FILES = 12;

/** Regions of the home. */
export type Region = 'default' | 'far' | 'shelf';
/** Those behind the proxy. */
export const FAR_REGIONS = ['default', 'far'] as const satisfies readonly Region[];

export class BucketSite implements Sited, AsyncDisposable {
  readonly program: Program;
  readonly provider: Provider;
  readonly proxy: FaultProxy;
  readonly #place = makePlace();
  readonly directory = join(this.#place, 'case');
  readonly #template = join(this.#place, 'template');
  #past: ReadonlyMap<string, Kept> = new Map();
  #objects: ReadonlyMap<string, Sealed> = new Map();
  #prefix = 'past';

  private constructor(program: Program, provider: Provider, proxy: FaultProxy) {
    this.program = program;
    this.provider = provider;
    this.proxy = proxy;
  }

  static async open(provider: Provider): Promise<BucketSite> {
    const site = new BucketSite(await strataProgram(), provider, await startFaultProxy(provider.endpoint));
    mkdirSync(site.home, { recursive: true });
    site.configure(site.home, 60);
    site.#past = await makePast(site, FILES);
    site.#objects = await contents(site.bare());
    copyInto(site.directory, site.#template);
    return site;
  }

  get home(): string {
    return join(this.directory, 'home');
  }

  get from(): string {
    return join(this.directory, 'from');
  }

  /** The store, past the proxy. */
  bare(region: Region = 'default'): Store {
    if (region === 'shelf') return openLocalStore(join(this.home, 'shelf'));
    return this.provider.open(this.provider.endpoint, this.#prefixOf(region));
  }

  /** The store as the engine has it. */
  proxied(region: (typeof FAR_REGIONS)[number]): Store {
    return this.provider.open(this.proxy.endpoint, this.#prefixOf(region));
  }

  look(region: Region = 'default'): Bare {
    return {
      age: () => {},
      leftovers: async () => (await this.names(region)).filter((name) => name.includes('/intents/')),
    };
  }

  async names(region: Region): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.bare(region).list('')) names.push(name);
    return names;
  }

  beside(name: string): string {
    return join(this.#place, name);
  }

  /** Has a home look for its stores behind the proxy. @param patience seconds that a request is tried again */
  configure(home: string, patience: number): void {
    const place = (region: Region) => this.provider.place(this.proxy.endpoint, this.#prefixOf(region));
    const limits = `limits: { retry_seconds: ${patience} }`;
    const shelf = 'provider: local, local: { path: ./shelf }';
    writeFileSync(
      join(home, 'strata.yaml'),
      `storage: { ${place('default')}, ${limits} }\nregions: { far: { ${place('far')} }, shelf: { ${shelf} } }\n`,
    );
  }

  /** Puts everything as it was in the beginning, below a prefix that was never used. @returns what is acknowledged then */
  async reset(seed: number, patience: number): Promise<Ledger> {
    this.proxy.rules = [];
    if (this.#prefix !== 'past') await this.#empty();
    this.#prefix = `case${seed}x${Date.now()}`;
    copyInto(this.#template, this.directory);
    this.configure(this.home, patience);
    const bare = this.bare();
    await Promise.all([...this.#objects].map(([name, bytes]) => bare.put(name, [bytes])));
    return new Map(this.#past);
  }

  start(words: readonly string[]): Started {
    return this.program.start(words, this.directory, {
      ...this.provider.environment,
      STRATA_HOME: this.home,
    });
  }

  async engine<Value>(use: (engine: Engine) => Promise<Value>, home = this.home): Promise<Value> {
    const { openEngine } = this.program.library;
    await using engine = await openEngine({ home, env: {}, cwd: this.directory });
    return await use(engine);
  }

  async save(
    workspaces: Engine['workspaces'],
    ledger: Ledger,
    to: { readonly workspace: string; readonly region?: Region } = { workspace: 'web' },
  ): Promise<string> {
    const { snapshot, digest } = await workspaces.save(this.from, to);
    const ref = `${to.workspace}@${snapshot}`;
    ledger.set(ref, { digest, facts: factsOf(this.from) });
    return ref;
  }

  async compare(
    workspaces: Engine['workspaces'],
    ref: string,
    expected: Facts,
    region?: Region,
  ): Promise<void> {
    const to = this.beside('restored');
    rmSync(to, { recursive: true, force: true });
    await workspaces.restore(ref, to, { region });
    const lines = apart(expected, factsOf(to));
    const where = region === undefined ? '' : ` from ${region}`;
    if (lines.length > 0) throw new Error(`${ref} comes back different${where}:\n${lines.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
    removePlace(this.#place);
  }

  async #empty(): Promise<void> {
    for (const region of FAR_REGIONS) {
      const bare = this.bare(region);
      await Promise.all((await this.names(region)).map((name) => bare.delete(name)));
    }
  }

  #prefixOf(region: Region): string {
    return region === 'default' ? this.#prefix : `${this.#prefix}-${region}`;
  }
}
