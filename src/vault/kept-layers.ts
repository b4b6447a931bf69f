/** The layers that are kept, and what they are called in messages. */

import type { Database } from '../db/index.ts';

export interface KeptLayer {
  readonly id: string;
  /** In hex. */
  readonly tenant: string;
  readonly root: Uint8Array;
  /** `RUN#TASK` of a task that saved it, else `layer ID`, as of a cache. */
  readonly label: string;
}

/** Newest first. */
export async function keptLayers(kysely: Database['kysely']): Promise<KeptLayer[]> {
  const rows = await kysely
    .selectFrom('layers')
    .leftJoin('task_layers', 'task_layers.layer', 'layers.id')
    .leftJoin('tasks', 'tasks.id', 'task_layers.task')
    .select(['layers.id', 'layers.tenant', 'layers.root', 'tasks.run', 'tasks.name'])
    .orderBy('layers.created', 'desc')
    .execute();
  // Restarted runs have the layers of earlier ones.
  const byId = new Map<string, KeptLayer>();
  for (const { run, name, ...row } of rows) {
    const label = run === null || name === null ? `layer ${row.id}` : `${run}#${name}`;
    if (!byId.has(row.id)) byId.set(row.id, { ...row, label });
  }
  return [...byId.values()];
}
