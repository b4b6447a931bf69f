/** Ground: bytes become chunks. Splitting, hashing, compressing and sealing, as functions of their arguments. */

export { CODECS, compress, decompress } from './compress.ts';
export type { Codec, Compressed } from './compress.ts';
export { CUT_SEED_BYTES, MAX_CHUNK, MIN_CHUNK, NORMAL_CHUNK, cutTables, nextCut } from './cut.ts';
export type { CutTables } from './cut.ts';
export { sha256 } from './hash.ts';
export {
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  ID_BYTES,
  MAX_FRAME_PLAIN,
  OBJECT_TYPES,
  ObjectOpener,
  ObjectSealer,
  derive,
  frameShape,
  keyId,
  objectId,
} from './seal.ts';
export type { FrameShape, ObjectIdentity, ObjectType, Sealed, SealingKey } from './seal.ts';
