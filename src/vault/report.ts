/** What the vault answers about itself and its store. */

/** What the vault of a tenant holds, and what holding it takes. */
export interface Usage {
  /** Plain bytes of the different chunks of file data. */
  readonly uniqueBytes: number;
  /** Bytes that these chunks take in packs, compressed and sealed. */
  readonly packedBytes: number;
  /** Bytes of all objects in the store, those of other tenants included. */
  readonly storedBytes: number;
  readonly packs: number;
  /** Different chunks of file data. */
  readonly chunks: number;
}

/** What can be wrong with an object. */
export type ProblemCode = 'missing' | 'damaged' | 'foreign' | 'wrong_key' | 'unsupported_format';

export interface Problem {
  readonly code: ProblemCode;
  /** Name of the object in the store. */
  readonly object: string;
  /** What is wrong with it; does not name it again: `it is damaged: …`. */
  readonly message: string;
  /** What cannot be restored because of it, as `NAME@SNAPSHOT:PATH`. */
  readonly paths: readonly string[];
}

export interface VerifyReport {
  /** Whether all that should be there is, and is right; what is there besides makes no store less whole. */
  readonly ok: boolean;
  /** Bytes of stored objects that were read and found right. */
  readonly checkedBytes: number;
  readonly objects: number;
  readonly problems: readonly Problem[];
  readonly seconds: number;
}
