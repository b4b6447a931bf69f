/** Content out of extents that are packed already, as whoever has cut a file elsewhere, or remembers it, has them. */

import type { BuiltContent } from './content-builder.ts';
import { ContentBuilder } from './content-builder.ts';
import { EXTENT_BYTES, unpackExtents } from './extent.ts';
import { INLINE_EXTENTS } from './limits.ts';
import type { NodeSink } from './node.ts';

/**
 * The same content as a `ContentBuilder` makes that is given these extents one by one.
 *
 * @param packed in the order of the file; no two holes touch. Few of them are kept as they are: they must not change
 * @param size bytes that they cover
 */
export function contentOf(sink: NodeSink, packed: Uint8Array, size: number): BuiltContent {
  if (packed.length <= INLINE_EXTENTS * EXTENT_BYTES)
    return { size, content: { form: 'inline', extents: packed } };
  const builder = new ContentBuilder(sink);
  addExtents(builder, packed);
  return builder.finish();
}

export function addExtents(builder: ContentBuilder, packed: Uint8Array): void {
  for (const { chunk, length } of unpackExtents(packed)) {
    if (chunk === undefined) builder.hole(length);
    else builder.chunk(chunk, length);
  }
}
