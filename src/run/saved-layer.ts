/** A layer as a run knows it: which task saved it in which step, and what is in it. */

import { ByteReader } from '../base/index.ts';
import type { Database, LayerTable, TaskLayerTable, TaskTable, Transaction } from '../db/index.ts';
import { decodeRoot } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';

type Query = Database['kysely'] | Transaction;

export interface SavedLayer {
  readonly id: string;
  /** From 0. */
  readonly step: number;
  readonly stepName: string;
  /** It counts also when the task fails. */
  readonly onFailure: boolean;
  /** As of `MergeLayer`, both. */
  readonly whiteouts: boolean;
  readonly implied: number;
  readonly root: Root;
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  readonly newBytes: number;
}

type Row = Omit<TaskLayerTable, 'task' | 'attempt'> &
  Pick<LayerTable, 'root' | 'digest' | 'files' | 'bytes' | 'new_bytes'>;

export function savedLayer(row: Row): SavedLayer {
  return {
    id: row.layer,
    step: row.step,
    stepName: row.step_name,
    onFailure: row.on_failure === 1,
    whiteouts: row.whiteouts === 1,
    implied: row.implied,
    root: decodeRoot(new ByteReader(row.root, `the root of layer ${row.layer}`)),
    digest: row.digest,
    files: row.files,
    bytes: row.bytes,
    newBytes: row.new_bytes,
  };
}

/** Those that count, of all tasks of a run, by the tasks' ids; each in the order of its steps. A layer that is gone is not among them. */
export async function layersOfRun(query: Query, run: string): Promise<Map<string, SavedLayer[]>> {
  const rows = await query
    .selectFrom('task_layers')
    .innerJoin('tasks', 'tasks.id', 'task_layers.task')
    .innerJoin('layers', 'layers.id', 'task_layers.layer')
    .select([
      'task_layers.task',
      'task_layers.step',
      'task_layers.step_name',
      'task_layers.on_failure',
      'task_layers.whiteouts',
      'task_layers.implied',
      'task_layers.layer',
      'layers.root',
      'layers.digest',
      'layers.files',
      'layers.bytes',
      'layers.new_bytes',
    ])
    .where('tasks.run', '=', run)
    .whereRef('tasks.attempt', '=', 'task_layers.attempt')
    .orderBy('task_layers.step')
    .execute();
  const byTask = new Map<string, SavedLayer[]>();
  for (const { task, ...row } of rows) {
    const layers = byTask.get(task) ?? [];
    layers.push(savedLayer(row));
    byTask.set(task, layers);
  }
  return byTask;
}

/** What others see of a task's layers: all when it succeeded; when it failed those that were saved for that case. */
export function visible(status: TaskTable['status'], layers: readonly SavedLayer[]): readonly SavedLayer[] {
  if (status === 'success') return layers;
  return status === 'failed' ? layers.filter(({ onFailure }) => onFailure) : [];
}
