/** Ground: bytes become chunks. Splitting, hashing, compressing and sealing, as functions of their arguments. */

export { CUT_SEED_BYTES, MAX_CHUNK, MIN_CHUNK, NORMAL_CHUNK, cutTables, nextCut } from './cut.ts';
export type { CutTables } from './cut.ts';
export { scanBuffer } from './scan-simd.ts';
export { FRAME_HEADER_BYTES, MAX_FRAME_BYTES, MAX_FRAME_PLAIN, frameShape } from './frame.ts';
export type { FrameShape, Sealed } from './frame.ts';
export { HEADER_BYTES } from './header.ts';
export { ID_BYTES, OBJECT_TYPES, damaged, objectId } from './identity.ts';
export type { ObjectIdentity, ObjectType } from './identity.ts';
export { derive, keyId } from './key.ts';
export type { SealingKey } from './key.ts';
export { PAGE, isZeroPage } from './page.ts';
export { ObjectOpener, ObjectSealer } from './seal.ts';
