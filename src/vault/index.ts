/**
 * Floor 2: the only room with keys and stores. Chunks go in through a save and come out verified; nothing above ever sees a sealed
 * byte, nothing below ever sees a plain one.
 */

export { adoptTenants } from './adopt.ts';
export type { LookUp } from './announce.ts';
export { attachIndex, forgetAttached } from './attach.ts';
export { BlockOpener, parted } from './blocks.ts';
export type { BlockShare, OpenBlock, SealedBlocks } from './blocks.ts';
export { collectTenant } from './collect.ts';
export type { CollectOptions, Collected } from './collect.ts';
export { waitingTogether } from './waiting.ts';
export type { Waiting } from './waiting.ts';
export { LOCAL_MARGINS, SHARED_MARGINS } from './margins.ts';
export type { Margins } from './margins.ts';
export type { BlockPlace, ChunkPlace } from './chunk-index.ts';
export { copyTree } from './copy-tree.ts';
export type { CopiedChunks, CopyOptions, CopyProgress } from './copy-tree.ts';
export type { BlockSource, ContentSink, ContentSource, SharedSink } from './content.ts';
export { isStore } from './format.ts';
export { readHome, storedRegions } from './home.ts';
export { isKept, isKeptLater, isKeptOnPut } from './kept-here.ts';
export type { LocalFile, LocalFileWriter } from './local-file.ts';
export { idOf } from './names.ts';
export type { SnapshotId, TenantId, WorkspaceId } from './names.ts';
export type { Pin } from './pin.ts';
export type { RebuiltIndex } from './rebuild.ts';
export { rebuildIndex } from './rebuild.ts';
export type { HeadKind, HeadRecord, SnapshotRecord } from './head-record.ts';
export type { Problem, ProblemCode, Usage, VerifyReport } from './report.ts';
export { checkRootKey } from './right-key.ts';
export {
  ROOT_KEY_BYTES,
  formatRootKey,
  parseRootKey,
  rootKeyId,
  rootKeyFromCommand,
  rootKeyFromPassphrase,
} from './root-key.ts';
export type { RootSecret } from './root-key.ts';
export { rotateRoot } from './rotate.ts';
export type { RotatedStore } from './rotate.ts';
export type { Save } from './save.ts';
export type { TenantVault } from './tenant.ts';
export { destroyTenant, rotateTenant, sweepDestroyed } from './tenant-keys.ts';
export { ThreadWriter } from './thread-writer.ts';
export type { ThreadOutput, WriterShare } from './thread-writer.ts';
export { Vault } from './vault.ts';
export type { FindRootKeys, OpenVaultOptions, TenantInfo, TenantOptions } from './vault.ts';
export { verifyStore } from './verify.ts';
export type { VerifyStoreOptions } from './verify.ts';
export type { Written } from './writer.ts';
export type { VaultWorld } from './world.ts';
