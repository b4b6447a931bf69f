import { concatBytes, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import type { Root } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { restoreTree } from './restore.ts';
import type { RestoreOptions, RestoreReport } from './restore.ts';
import { scanDirectory } from './scan.ts';
import type { ScanOptions } from './scan.ts';

/** Saves of one directory, one after another, each with what the one before remembered. */
export class Remembering {
  readonly content = new MemoryContent();
  records: Uint8Array | undefined;
  /** Of the last save: files whose content was read. */
  read = 0;
  /** Of the last save: whether anything was written down. */
  wrote = false;

  async save(directory: string, options: ScanOptions = {}) {
    const parts: Uint8Array[] = [];
    this.read = 0;
    const memory = { records: this.records, write: (part: Uint8Array) => void parts.push(part.slice()) };
    const { root } = await scanDirectory(directory, this.sink(), { ...options, memory });
    this.wrote = parts.length > 0;
    if (this.wrote) this.records = concatBytes(parts);
    return root;
  }

  /** What is remembered of the directory by then is what this restore remembers, if it does. */
  async restore(directory: string, root: Root, options: RestoreOptions = {}): Promise<RestoreReport> {
    const parts: Uint8Array[] = [];
    const remember = (part: Uint8Array) => void parts.push(part.slice());
    const report = await restoreTree(this.content.source, root, directory, { ...options, remember });
    if (report.remembered) this.records = concatBytes(parts);
    return report;
  }

  sink(): ContentSink {
    const { sink, chunks, nodes } = this.content;
    return {
      ...sink,
      chunk: (bytes) => {
        this.read++;
        return sink.chunk(bytes);
      },
      has: (bytes, at) => chunks.has(toHex(bytes.subarray(at, at + 32))),
      hasNode: (id: Sha256) => nodes.nodes.has(toHex(id)),
    };
  }
}
