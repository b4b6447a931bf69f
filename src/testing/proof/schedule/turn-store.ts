/** A store whose every call waits for its turn, before it happens and before its answer comes. */

import type { Store } from '../../../store/index.ts';
import type { Turns } from './turns.ts';

/** @param process who asks */
export function turnStore(store: Store, turns: Turns, process: string): Store {
  const around = async <Value>(what: string, run: () => Promise<Value>): Promise<Value> => {
    await turns.wait(process, what);
    const value = await run();
    await turns.wait(process, `${what}: answer`);
    return value;
  };
  return {
    label: store.label,
    put: (name, body, options) => around(`put ${short(name)}`, () => store.put(name, body, options)),
    get: (name, options) => around(`get ${short(name)}`, () => store.get(name, options)),
    size: (name, options) => around(`size ${short(name)}`, () => store.size(name, options)),
    delete: (name, options) => around(`delete ${name}`, () => store.delete(name, options)),
    async *list(prefix, options) {
      await turns.wait(process, `list ${short(prefix)}`);
      let count = 0;
      for await (const object of store.list(prefix, options)) {
        // As a directory that is read in parts: what comes and goes meanwhile may be in it or not.
        if (++count % 8 === 0) await turns.wait(process, `list ${short(prefix)}: more`);
        yield object;
      }
    },
    foreign: (options) => store.foreign(options),
    sweep: (olderThan, options) => store.sweep(olderThan, options),
  };
}

/** Without the tenant, and with the front of the id. */
function short(name: string): string {
  return name.replace(/^tenants\/[0-9a-f]{32}\//, '').replace(/([0-9a-f]{8})[0-9a-f]{24}/g, '$1');
}
