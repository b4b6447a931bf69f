/** Which object it is: what a header says, and what a reader asked for. */

import { StrataError, sha256, utf8 } from '../base/index.ts';

/** The codes of object types in the header; part of the format. 5 stands for none. */
export const OBJECT_TYPES = { data: 1, tree: 2, index: 3, head: 4, owner: 6, keys: 7 } as const;

export type ObjectType = keyof typeof OBJECT_TYPES;

/** A reader derives this from the name that it asked for, never from what came back. */
export interface ObjectIdentity {
  readonly type: ObjectType;
  /** The tenant's id, 16 bytes; 16 zero bytes for what belongs to the store. */
  readonly tenant: Uint8Array;
  /** The name in the store. */
  readonly name: string;
}

/** Bytes of tenant, key and object ids. */
export const ID_BYTES = 16;

export function objectId(name: string): Uint8Array {
  return sha256(utf8(`strata name v1${name}`)).subarray(0, ID_BYTES);
}

/** How every room tells of an object that is not what it should be. @param reason a sentence about it, as in `it is cut short` */
export function damaged(
  { name }: Pick<ObjectIdentity, 'name'>,
  reason: string,
  cause?: StrataError,
): StrataError {
  return new StrataError('integrity', `object ${name} is damaged: ${reason}`, {
    // It may have been spoilt on its way here, too.
    hint: '`strata store verify --read-data` tells whether it is damaged in the store, and what that hits.',
    details: { object: name },
    cause,
  });
}
