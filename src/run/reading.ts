/** What reads layers for as long as a run goes on, and remembers the last merges: neighbours in a graph often see the same. */

import type { MergeOptions } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { mergeLayers } from '../workspace/index.ts';
import type { Merged, WorkspaceLayer, WorkspaceWorld } from '../workspace/index.ts';

/** A pin expires one day, and holds up the collector until then. Milliseconds. */
const PIN_LIFE = 60 * 60 * 1000;
const MERGES = 16;

/** The layers of a run that goes on are kept by their rows. */
const nothing = async () => ({ found: undefined, roots: [] });

export class Reading implements AsyncDisposable {
  readonly #world: WorkspaceWorld;
  readonly #merges = new Map<string, Promise<Merged>>();
  #pins: { readonly pin: Promise<Pin>; readonly since: number }[] = [];

  constructor(world: WorkspaceWorld) {
    this.#world = world;
  }

  /** Of all that is committed by now. */
  async source(): Promise<ContentSource> {
    const now = this.#world.clock();
    let last = this.#pins.at(-1);
    if (last === undefined || now - last.since > PIN_LIFE) {
      last = { pin: this.#world.vault.pin(nothing), since: now };
      this.#pins.push(last);
    }
    return (await last.pin).source();
  }

  /** Nobody can cut it off: others may wait for the same. @param key of the policy: the same for the same */
  async merge(
    layers: readonly WorkspaceLayer[],
    key: string,
    { policy, precedes }: MergeOptions,
  ): Promise<Merged> {
    const whole = `${key} ${layers.map(({ id, writer }) => `${writer}:${id}`).join()}`;
    const known = this.#merges.get(whole);
    if (known !== undefined) return known;
    const merging = this.source().then((source) =>
      mergeLayers(source, layers, { ...(policy && { policy }), precedes }),
    );
    this.#merges.set(whole, merging);
    // What failed may go well the next time.
    merging.catch(() => this.#merges.delete(whole));
    if (this.#merges.size > MERGES) this.#merges.delete(this.#merges.keys().next().value!);
    return merging;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pin } of this.#pins) {
      // One that could not be had has said so to who wanted it.
      const held = await pin.catch(() => undefined);
      await held?.[Symbol.asyncDispose]();
    }
  }
}
