/** A store that is gone with its process: for tests, and for trying things out. It promises all but durability. */

import { concatBytes, throwIfAborted } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { noSuchObject, rangeOf } from './error.ts';
import { checkName, checkPrefix } from './name.ts';
import type { Store } from './store.ts';

export function openMemoryStore(): Store {
  const objects = new Map<string, Sealed>();
  const label = 'memory store';

  return {
    label,

    async put(name, body, options = {}) {
      checkName(name);
      const parts: Uint8Array[] = [];
      for await (const part of body) {
        throwIfAborted(options.signal);
        // Not `slice`: that of a Buffer is no copy.
        parts.push(Uint8Array.from(part));
      }
      throwIfAborted(options.signal);
      if (objects.has(name)) return 'exists';
      objects.set(name, concatBytes(parts) as Sealed);
      return 'created';
    },

    async get(name, options = {}) {
      checkName(name);
      throwIfAborted(options.signal);
      const object = objects.get(name);
      if (object === undefined) throw noSuchObject(label, name);
      const { offset, length } = rangeOf(name, object.length, options);
      return object.slice(offset, offset + length) as Sealed;
    },

    async size(name, options = {}) {
      checkName(name);
      throwIfAborted(options.signal);
      return objects.get(name)?.length;
    },

    async *list(prefix, options = {}) {
      checkPrefix(prefix);
      const { after = '' } = options;
      const names = [...objects.keys()].filter((each) => each.startsWith(prefix) && each > after);
      for (const name of names.sort()) {
        throwIfAborted(options.signal);
        const object = objects.get(name);
        if (object !== undefined) yield { name, size: object.length };
      }
    },

    foreign: () => nothing(),

    async delete(name, options = {}) {
      checkName(name);
      throwIfAborted(options.signal);
      objects.delete(name);
    },

    async sweep(_olderThan, options = {}) {
      throwIfAborted(options.signal);
      return 0;
    },
  };
}

// eslint-disable-next-line require-yield
async function* nothing(): AsyncIterable<string> {}
