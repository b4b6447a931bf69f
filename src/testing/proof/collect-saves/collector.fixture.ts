/** Collects without a pause: `node collector.fixture.ts HOME PLACE`. Prints a line for each collection. */

import { isStrataError } from '../../../base/index.ts';
import { openEngine } from '../../../engine/index.ts';

const [home = '', place = ''] = process.argv.slice(2);
const over = new AbortController();
process.on('SIGTERM', () => over.abort());

while (!over.signal.aborted) {
  await using engine = await openEngine({ home, env: {}, cwd: place });
  try {
    const { deletedObjects, rewrittenBytes } = await engine.store.collect({ margin: 0 });
    process.stdout.write(`${deletedObjects} ${rewrittenBytes}\n`);
  } catch (error) {
    // Before the first save there is nothing to collect; the one before this may have died a moment ago, or be another's.
    const isEarly = isStrataError(error, 'not_found');
    if (!isEarly && !(isStrataError(error, 'refused') && error.message.includes('by another process')))
      throw error;
  }
}
