/** What the vault answers about a whole store. */

export interface StoreStats {
  readonly workspaces: number;
  readonly snapshots: number;
  /** Of the latest snapshot of each workspace. */
  readonly files: number;
  /** Bytes of the files of all snapshots, as if each were kept whole. */
  readonly logicalBytes: number;
  /** Plain bytes of the different chunks of file data. */
  readonly uniqueBytes: number;
  /** Bytes of all objects in the store. */
  readonly storedBytes: number;
  readonly packs: number;
  readonly chunks: number;
}

/** What can be wrong with an object. */
export type ProblemCode = 'missing' | 'damaged' | 'foreign' | 'wrong_key' | 'unsupported_format';

export interface Problem {
  readonly code: ProblemCode;
  /** Name of the object in the store. */
  readonly object: string;
  readonly message: string;
  /** What cannot be restored because of it, as `NAME@SNAPSHOT:PATH`. */
  readonly paths: readonly string[];
}

export interface VerifyReport {
  readonly ok: boolean;
  /** Bytes of stored objects that were read and found right. */
  readonly checkedBytes: number;
  readonly objects: number;
  readonly problems: readonly Problem[];
  readonly seconds: number;
}
