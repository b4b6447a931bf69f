/** The `format` object: the only one in the open. It says that this is a store, and which one. */

import { StrataError, asBuffer, fromHex, isStrataError, sha256, toHex, utf8 } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { FORMAT_NAME } from './names.ts';

const VERSION = 1;

/** Far more than any version of it has: bounds what a damaged one makes us read. */
const MAX_BYTES = 65_536;

/**
 * Of the services that speak S3 some take no notice of `If-None-Match`: there two homes would both win, and a second object destroy the
 * first. So what was just created is put once more.
 *
 * @returns 'exists' if the store has one already @throws refused if the store creates a name twice
 */
export async function putFormat(
  store: Store,
  storeId: Uint8Array,
  options?: Cancellable,
): Promise<'created' | 'exists'> {
  // Nothing in it is secret, so this one object is its own sealed form.
  const put = (id: Uint8Array) => store.put(FORMAT_NAME, [utf8(formatText(id)) as Sealed], options);
  if ((await put(storeId)) === 'exists') return 'exists';
  // With other bytes: whoever looks whether a put whose answer was lost has made the object would take it for this one.
  if ((await put(storeId.map((byte) => ~byte))) === 'exists') return 'created';
  await store.delete(FORMAT_NAME, options);
  throw overwrites(store.label);
}

function overwrites(label: string): StrataError {
  return new StrataError('refused', `${label} puts one object in the place of another of the same name`, {
    hint: 'The service takes no notice of `If-None-Match: *`, so nothing can be kept there safely: use another service, or a later version of it.',
  });
}

/** Whether a store was ever made here, be it damaged now. */
export async function isStore(store: Store, options?: Cancellable): Promise<boolean> {
  return (await store.size(FORMAT_NAME, options)) !== undefined;
}

/** @returns the store's id, or undefined if there is no store here yet */
export async function readFormat(store: Store, options?: Cancellable): Promise<Uint8Array | undefined> {
  try {
    return parseFormat(await store.get(FORMAT_NAME, { ...options, most: MAX_BYTES }), store.label);
  } catch (error) {
    if (isStrataError(error, 'not_found')) return undefined;
    throw error;
  }
}

export function formatText(storeId: Uint8Array): string {
  const front = `strata-store ${VERSION}\nid ${toHex(storeId)}\n`;
  return `${front}sum ${sumOf(front)}\n`;
}

/** @throws integrity, unsupported_format */
export function parseFormat(bytes: Uint8Array, where: string): Uint8Array {
  const text = asBuffer(bytes).toString('latin1');
  const [, version, rest, id = '', sum] =
    /^strata-store (\d+)\n(id ([0-9a-f]{32})\nsum ([0-9a-f]{64})\n$)?/.exec(text) ?? [];
  const isWhole = sum === sumOf(`strata-store ${version}\nid ${id}\n`);
  // A later version may look different from its second line on. If it does not, a wrong sum means that a bit has flipped.
  if (Number(version) > VERSION && (isWhole || rest === undefined)) {
    throw new StrataError(
      'unsupported_format',
      `${where} has format ${version}; this program knows format ${VERSION}`,
      {
        hint: 'Use the newer version of Strata that wrote it.',
      },
    );
  }
  const storeId = fromHex(id, ID_BYTES);
  if (storeId === undefined || formatText(storeId) !== text) {
    throw new StrataError('integrity', `${where} is damaged: its \`${FORMAT_NAME}\` object has changed`, {
      hint: 'Put the object back from a backup of the store.',
      details: { object: FORMAT_NAME },
    });
  }
  return storeId;
}

function sumOf(front: string): string {
  return toHex(sha256(utf8(front)));
}
