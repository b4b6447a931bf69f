/**
 * Layers: trees that are kept as long as a row says so. Saves of many tasks at once share one announcement, its packs, its index segment and
 * one transaction: of a small layer, what is synced to the disk is nearly all the cost.
 */

import { throwIfAborted, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { LayerTable, Transaction } from '../db/index.ts';
import type { Root } from '../tree/index.ts';
import type { ContentSink, Save } from '../vault/index.ts';
import { treeColumns } from './snapshot-row.ts';
import type { WorkspaceWorld } from './world.ts';

/** Saves under way at a time: a large one keeps nobody waiting but those that came with it. */
const MOST_AT_ONCE = 2;

export interface LayerRequest extends Cancellable {
  /** Gives the tree to the sink. Runs alone: those that are saved with it wait. */
  readonly build: (sink: ContentSink) => Promise<Root>;
  /** In the transaction that makes the layer; what it writes happens with it or not at all. */
  readonly onCommit: (tx: Transaction, layer: LayerTable) => Promise<void>;
}

interface Waiting extends LayerRequest {
  readonly resolve: (layer: LayerTable) => void;
  readonly reject: (error: unknown) => void;
}

export class LayerSaves {
  readonly #world: WorkspaceWorld;
  #waiting: Waiting[] = [];
  #atWork = 0;

  constructor(world: WorkspaceWorld) {
    this.#world = world;
  }

  /** @returns when it is durable. @throws what `build` and `onCommit` throw; disk_full, unavailable, …; then there is no layer */
  save(request: LayerRequest): Promise<LayerTable> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...request, resolve, reject });
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#waiting.length === 0 || this.#atWork === MOST_AT_ONCE) return;
    this.#atWork++;
    // What is asked for in the same moment comes along.
    setImmediate(async () => {
      const batch = this.#waiting;
      this.#waiting = [];
      if (batch.length > 0) await saveTogether(this.#world, batch);
      this.#atWork--;
      this.#begin();
    });
  }
}

async function saveTogether(world: WorkspaceWorld, batch: readonly Waiting[]): Promise<void> {
  const built: { readonly waiting: Waiting; readonly root: Root; readonly newBytes: number }[] = [];
  try {
    await using save = await world.vault.beginSave();
    for (const waiting of batch) {
      try {
        throwIfAborted(waiting.signal);
        const before = save.writer.newBytes;
        const root = await waiting.build(save.writer);
        built.push({ waiting, root, newBytes: save.writer.newBytes - before });
      } catch (error) {
        waiting.reject(error);
      }
    }
    if (built.length === 0) return;
    const rows = await commit(world, save, built);
    for (const [at, { waiting }] of built.entries()) waiting.resolve(rows[at]!);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

async function commit(
  world: WorkspaceWorld,
  save: Save,
  built: readonly { readonly waiting: Waiting; readonly root: Root; readonly newBytes: number }[],
): Promise<readonly LayerTable[]> {
  const { newBytes: all, storedBytes } = await save.finish();
  const share = (newBytes: number) =>
    all === 0 ? Math.round(storedBytes / built.length) : Math.round((storedBytes * newBytes) / all);
  const rows = built.map(({ root, newBytes }) => rowOf(world, root, newBytes, share(newBytes)));
  await world.database.transaction(async (tx) => {
    await save.commit(tx);
    for (const [at, row] of rows.entries()) {
      await tx.insertInto('layers').values(row).execute();
      await built[at]!.waiting.onCommit(tx, row);
    }
  });
  return rows;
}

/** @param storedBytes of what was saved with it, in proportion to what was new */
function rowOf(
  { vault, random, clock }: WorkspaceWorld,
  root: Root,
  newBytes: number,
  storedBytes: number,
): LayerTable {
  return {
    id: toHex(random(ID_BYTES)),
    tenant: toHex(vault.id),
    created: clock(),
    ...treeColumns({ root, newBytes, storedBytes }),
  };
}
