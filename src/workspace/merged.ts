/** Layers put together: a tree to look at or to restore, or everything that they disagree on. */

import type { Cancellable } from '../base/index.ts';
import { StagedNodes, mergeTrees, selectTree } from '../tree/index.ts';
import type { Conflicts, MergeLayer, MergeOptions, Root, Selector } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { Overlay } from './overlay.ts';

export interface WorkspaceLayer extends MergeLayer {
  readonly id: string;
}

/** A tree and what reads it. */
export interface ReadableTree {
  readonly root: Root;
  readonly source: ContentSource;
}

export type Merged =
  | ({ readonly kind: 'merged' } & ReadableTree)
  | { readonly kind: 'conflicts'; readonly conflicts: Conflicts; readonly more: number };

/** @param layers in order of application. @throws as `mergeTrees` */
export async function mergeLayers(
  source: ContentSource,
  layers: readonly WorkspaceLayer[],
  options: MergeOptions,
): Promise<Merged> {
  const staged = new StagedNodes(source);
  const merged = await mergeTrees(staged.source, staged.sink, layers, options);
  if (merged.kind === 'conflicts') return merged;
  return { kind: 'merged', root: merged.root, source: new Overlay(staged, source) };
}

/** The part of a tree that a selector chooses. */
export async function selectRoot(
  { root, source }: ReadableTree,
  selector: Selector,
  options: Cancellable = {},
): Promise<ReadableTree> {
  const staged = new StagedNodes(source);
  const { tree } = await selectTree(staged.source, staged.sink, root.tree, [selector], options);
  return { root: { ...root, tree }, source: new Overlay(staged, source) };
}
