/** A store that is a few objects over others that never change: so a case costs what it changes. */

import { concatBytes } from '../../../base/index.ts';
import type { Sealed } from '../../../chunk/index.ts';
import { noSuchObject, rangeOf } from '../../../store/error.ts';
import { checkName, checkPrefix } from '../../../store/name.ts';
import type { Store } from '../../../store/index.ts';

/** @param over by name; undefined: it is gone. Puts and deletes go here */
export function overlayStore(
  below: ReadonlyMap<string, Sealed>,
  over: Map<string, Sealed | undefined>,
): Store {
  const label = 'hostile store';
  const find = (name: string) => (over.has(name) ? over.get(name) : below.get(name));
  return {
    label,
    async put(name, body) {
      checkName(name);
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(Uint8Array.from(part));
      if (find(name) !== undefined) return 'exists';
      over.set(name, concatBytes(parts) as Sealed);
      return 'created';
    },
    async get(name, options = {}) {
      checkName(name);
      const object = find(name);
      if (object === undefined) throw noSuchObject(label, name);
      const { offset, length } = rangeOf(name, object.length, options);
      return Uint8Array.prototype.slice.call(object, offset, offset + length) as Sealed;
    },
    async size(name) {
      checkName(name);
      return find(name)?.length;
    },
    async *list(prefix) {
      checkPrefix(prefix);
      const names = new Set([...below.keys(), ...over.keys()]);
      for (const name of [...names].filter((each) => each.startsWith(prefix)).sort()) {
        const object = find(name);
        if (object !== undefined) yield { name, size: object.length };
      }
    },
    async *foreign() {},
    async delete(name) {
      checkName(name);
      over.set(name, undefined);
    },
    sweep: async () => 0,
  };
}
