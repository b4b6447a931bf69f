/** Walks trees to find out which paths a problem hits. Each node and each list of extents is read once, however many snapshots share it. */

import { giveWay, isStrataError } from '../base/index.ts';
import type { Cancellable, Sha256 } from '../base/index.ts';
import { displayPath, extentPages, joinPath, pages, unpackExtents } from '../tree/index.ts';
import type { FileEntry, Path, TreeRef } from '../tree/index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { ContentSource } from './content.ts';
import type { Findings, OpenProblem } from './findings.ts';
import { IdTable } from './id-table.ts';
import { packIdentity } from './names.ts';
import type { TenantId } from './names.ts';

/** Under this name stand chunks that no pack has. */
const NO_PACK = 'index';

export class TreeWalk {
  readonly #tenant: TenantId;
  readonly #source: ContentSource;
  readonly #data: ChunkIndex;
  readonly #findings: Findings;
  readonly #options: Cancellable;
  readonly #seen = new IdTable();

  /** @param data where the chunks of file data are */
  constructor(
    tenant: TenantId,
    source: ContentSource,
    data: ChunkIndex,
    findings: Findings,
    options: Cancellable,
  ) {
    this.#tenant = tenant;
    this.#source = source;
    this.#data = data;
    this.#findings = findings;
    this.#options = options;
  }

  /** @param label stands before the paths: `NAME@NUMBER` */
  async walk(label: string, tree: TreeRef): Promise<void> {
    const open: { readonly path: Path; readonly tree: TreeRef }[] = [{ path: [], tree }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      await giveWay(this.#options.signal);
      if (!this.#seen.add(next.tree.node)) continue;
      const { path } = next;
      await this.#reporting(`${label}:${displayPath(path)}/`, async () => {
        for await (const page of pages(this.#source, next.tree, this.#options)) {
          for (const entry of page) {
            if (entry.kind === 'directory')
              open.push({ path: joinPath(path, entry.name.slice()), tree: entry.tree });
            else if (entry.kind === 'file')
              await this.#checkFile(`${label}:${displayPath(joinPath(path, entry.name))}`, entry);
          }
        }
      });
    }
  }

  async #checkFile(path: string, file: FileEntry): Promise<void> {
    await this.#reporting(path, async () => {
      for await (const page of extentPages(this.#source, file, this.#options)) {
        for (const { chunk } of unpackExtents(page)) {
          if (chunk === undefined) continue;
          const problem = this.#problemOf(chunk);
          if (problem !== undefined) this.#findings.hit(problem, path);
        }
      }
    });
  }

  /** Packs that are known to be damaged come last in the index: what is whole elsewhere is read there. */
  #problemOf(chunk: Sha256): OpenProblem | undefined {
    if (!this.#data.has(chunk))
      return this.#findings.add('missing', NO_PACK, 'no pack has a chunk that a file needs');
    if (!this.#findings.spoilsAny) return undefined;
    const { type, pack } = this.#data.find(chunk)!.block;
    return this.#findings.spoils(chunk, packIdentity(this.#tenant, type, pack).name);
  }

  /** What cannot be read is told with the path that it hides. */
  async #reporting(path: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!isStrataError(error)) throw error;
      const object = typeof error.details['object'] === 'string' ? error.details['object'] : NO_PACK;
      this.#findings.hit(this.#findings.addError(object, error), path);
    }
  }
}
