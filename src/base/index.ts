/** Bedrock: errors, bytes, time and chance. No word of what Strata is for. */

export { ahead } from './ahead.ts';
export { cancelled, giveWay, throwIfAborted } from './abort.ts';
export type { Cancellable } from './abort.ts';
export { counted, formatBytes, formatCount } from './amount.ts';
export { ByteReader, ByteWriter, putWord } from './binary.ts';
export {
  EMPTY,
  SHA256_BYTES,
  asBuffer,
  compareBytes,
  concatBytes,
  copyBytes,
  equalBytes,
  fromHex,
  plainBytes,
  release,
  toHex,
  utf8,
} from './bytes.ts';
export type { Branded, Sha256 } from './bytes.ts';
export { bootClock } from './boot-clock.ts';
export { makeDirectories, syncDirectory } from './directory.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { EXIT_CODES, StrataError, errno, isStrataError, systemError, unreachable } from './error.ts';
export type { ErrorCode, ErrorDetails, ErrorOptions } from './error.ts';
export { Flaws } from './flaw.ts';
export type { Flaw, FlawOptions } from './flaw.ts';
export { readGrowing } from './growing-file.ts';
export { sha256 } from './hash.ts';
export { boundHeap } from './heap.ts';
export { HOLDER_PATTERN, fateOf, thisProcess } from './holder.ts';
export type { Holder } from './holder.ts';
export type { Log } from './log.ts';
export { hasMountsBelow, mountAt, mountOf, mountsIn } from './mounts.ts';
export type { Mount } from './mounts.ts';
export { meantText, nearNames } from './near.ts';
export { isBelow } from './path.ts';
export { shellWord } from './shell-word.ts';
export { Place, count, flag, isNull, list, named, oneLine, oneOf, record, refine, scalar } from './reader.ts';
export type { JsonSchema, Keys, KeyValues, Read, Reader, SchemaDefinitions } from './reader.ts';
export { Threads, errorMessage, messageError, serveThread } from './threads.ts';
export type { ErrorMessage, Post, ThreadsOptions } from './threads.ts';
export { systemClock, systemRandom } from './world.ts';
export type { Clock, MonotonicClock, Random } from './world.ts';
export { parseYaml } from './yaml.ts';
export type { YamlDocument, YamlList, YamlMap, YamlNode, YamlScalar } from './yaml.ts';
