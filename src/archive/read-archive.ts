/** An archive becomes a tree, without a disk in between: names are checked and placed, contents cut as they come. */

import { giveWay } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Path, Root } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { ArrivingTree, keyOf } from './arriving-tree.ts';
import { ByteSource } from './byte-source.ts';
import { checkKind } from './kind.ts';
import type { Member } from './member.ts';
import { memberPath } from './member-path.ts';
import { readMembers } from './members.ts';
import { refusal } from './refusal.ts';
import { StreamCutter } from './stream-cutter.ts';

/** What an archive has and a tree has not. */
export type Loss = 'fifo' | 'device' | 'specialBits' | 'attributes';

export interface ArchiveProgress {
  readonly files: number;
  /** Of the archive. */
  readonly bytes: number;
}

export interface ReadArchiveOptions extends Cancellable {
  /** Is told of each thing that is not kept, with its path. */
  readonly onLoss?: ((loss: Loss, path: Path) => void) | undefined;
  readonly onProgress?: ((progress: ArchiveProgress) => void) | undefined;
}

const PERMISSION_BITS = 0o777;
const SPECIAL_BITS = 0o7000;

/** Linux has no other for a symlink, so neither has a save. */
const SYMLINK_MODE = 0o777;

/** The longest target that Linux takes. Bytes. */
const MAX_TARGET_BYTES = 4095;

/** Between two pauses. */
const STEPS = 256;
const STEP_BYTES = 4 * 1024 * 1024;

export class Archive {
  readonly #source: ByteSource;
  #files = 0;
  #steps = 0;
  #pausedAt = 0;

  private constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Looks at the first bytes only. @throws bad_input if they are no tar archive */
  static async open(parts: AsyncIterable<Uint8Array>): Promise<Archive> {
    const source = new ByteSource(parts);
    await checkKind(source);
    return new Archive(source);
  }

  /**
   * All of it, once. What comes later under the same name replaces what came before, as when it is unpacked.
   *
   * @throws bad_input for what is damaged or cut off, and for an entry that has no place in a tree; it is named
   * @throws cancelled; whatever the source throws
   */
  async read(sink: ContentSink, options: ReadArchiveOptions = {}): Promise<Root> {
    const tree = new ArrivingTree();
    const cutter = new StreamCutter(sink);
    /** What has no place in a tree, by its path: another name of it has none either. */
    const leftOut = new Map<string, 'fifo' | 'device'>();
    for await (const member of readMembers(this.#source)) {
      const path = memberPath(member.name);
      if (member.hasAttributes) options.onLoss?.('attributes', path);
      const loss = lossOf(member, leftOut);
      if (loss !== undefined) {
        leftOut.set(textOf(path), loss);
        options.onLoss?.(loss, path);
        continue;
      }
      if (leftOut.size > 0) leftOut.delete(textOf(path));
      if (member.kind !== 'symlink' && member.kind !== 'link' && (member.mode & SPECIAL_BITS) !== 0)
        options.onLoss?.('specialBits', path);
      const place = (flaw: string | undefined) => {
        if (flaw !== undefined) throw refusal(member.name, flaw);
      };
      const looks = { mode: member.mode & PERMISSION_BITS, mtime: member.mtime };
      if (member.kind === 'directory') place(tree.makeDirectory(path, looks));
      else if (member.kind === 'symlink') place(tree.place(path, symlinkOf(member)));
      else if (member.kind === 'link') place(tree.place(path, linkedBy(member, tree)));
      else {
        for await (const part of member.content()) {
          cutter.write(part);
          await this.#step(sink, options);
        }
        place(tree.place(path, { kind: 'file', ...looks, ...cutter.finish() }));
        this.#files++;
      }
      await this.#step(sink, options);
    }
    await this.#pause(sink, options);
    return tree.build(sink, options);
  }

  async #step(sink: ContentSink, options: ReadArchiveOptions): Promise<void> {
    if (++this.#steps >= STEPS || this.#source.position - this.#pausedAt >= STEP_BYTES)
      await this.#pause(sink, options);
  }

  async #pause(sink: ContentSink, { signal, onProgress }: ReadArchiveOptions): Promise<void> {
    this.#steps = 0;
    this.#pausedAt = this.#source.position;
    await sink.drain();
    await giveWay(signal);
    onProgress?.({ files: this.#files, bytes: this.#source.position });
  }
}

function lossOf(member: Member, leftOut: ReadonlyMap<string, 'fifo' | 'device'>) {
  if (member.kind === 'fifo' || member.kind === 'device') return member.kind;
  if (member.kind !== 'link' || leftOut.size === 0) return undefined;
  return leftOut.get(textOf(memberPath(member.target, member.name)));
}

/** A name has no slash in it. */
function textOf(path: Path): string {
  return path.map(keyOf).join('/');
}

function symlinkOf({ name, target, mtime }: Member) {
  if (target.length === 0 || target.length > MAX_TARGET_BYTES || target.includes(0))
    throw refusal(name, `it is a symlink whose target cannot be one: it has ${target.length} bytes`);
  return { kind: 'symlink', mode: SYMLINK_MODE, mtime, target: target.slice() } as const;
}

/** A hard link becomes what it is another name of. */
function linkedBy({ name, target }: Member, tree: ArrivingTree) {
  const found = tree.find(memberPath(target, name));
  if (found === undefined) throw refusal(name, 'it is a hard link to something that did not come before it');
  if (found === 'directory') throw refusal(name, 'it is a hard link to a directory');
  return found;
}
