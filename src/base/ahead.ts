/** Work on many things that each take a while, some of them at a time. */

/**
 * What `work` makes of each item, in the order of the items. Up to `most` are under way or wait to be taken; items are asked for no earlier.
 * When one fails, those before it are still given, and those under way are waited for: nothing of it goes on after the end.
 *
 * @param most at least 1
 */
export async function* ahead<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const under: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const made = work(item);
      // Its failure is told when it is taken; until then nobody listens.
      made.catch(() => {});
      under.push(made);
      if (under.length === most) yield await under.shift()!;
    }
    while (under.length > 0) yield await under.shift()!;
  } finally {
    await Promise.allSettled(under);
  }
}
