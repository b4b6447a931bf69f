/** What reads layers for as long as a run goes on, and remembers the last merges: neighbours in a graph often see the same. */

import type { MergeOptions } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { mergeLayers } from '../workspace/index.ts';
import type { Merged, WorkspaceLayer, WorkspaceWorld } from '../workspace/index.ts';

/** A pin holds up the collector. Milliseconds after which another one is used. */
const PIN_LIFE = 60 * 60 * 1000;
/** And after which nobody reads by it any more. */
const PIN_KEPT = 24 * PIN_LIFE;
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
      // Told below, to who waits for it.
      last.pin.catch(() => {});
      this.#pins.push(last);
      const isOver = ({ since }: { readonly since: number }) => now - since > PIN_KEPT;
      const over = this.#pins.filter(isOver);
      this.#pins = this.#pins.filter((pin) => !isOver(pin));
      // They read by the pins of their time.
      if (over.length > 0) this.#merges.clear();
      await release(over);
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

  [Symbol.asyncDispose](): Promise<void> {
    return release(this.#pins);
  }
}

async function release(pins: readonly { readonly pin: Promise<Pin> }[]): Promise<void> {
  for (const { pin } of pins) {
    // One that could not be had has said so to who wanted it.
    const held = await pin.catch(() => undefined);
    await held?.[Symbol.asyncDispose]();
  }
}
