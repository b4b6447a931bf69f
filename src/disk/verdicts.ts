/** What becomes of a file that was tried to be read: its content, another try, or the reason why there is none. */

import { lstatSync, readlinkSync } from 'node:fs';

import { StrataError, errno } from '../base/index.ts';
import type { FileSlot, Outcome } from './assembler.ts';
import { at, lstatAt } from './at.ts';
import type { CutContent } from './cut-file.ts';
import { looksOf } from './looks.ts';
import type { Pace } from './pace.ts';
import { TRIES, wasReplaced } from './scan-file.ts';

/** Ours, not the file's, or no errors of the system at all: these end the save even where unreadable files may be skipped. */
export const OUT_OF_RESOURCES: ReadonlySet<string | undefined> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  undefined,
]);

export interface VerdictsOptions {
  readonly pace: Pace;
  /** The outcome of the slot is known. */
  readonly onOutcome: (slot: FileSlot) => void;
  /** The file is to be read once more. */
  readonly again: (slot: FileSlot) => void;
}

export class Verdicts {
  readonly #options: VerdictsOptions;

  constructor(options: VerdictsOptions) {
    this.#options = options;
  }

  /** @param content undefined if the file was changed, or is no longer there @throws what ends the save */
  content(slot: FileSlot, content: CutContent | undefined): void {
    if (content !== undefined) {
      this.#options.pace.files++;
      return this.#decide(slot, { kind: 'file', content });
    }
    let outcome: Outcome | undefined;
    try {
      outcome = lookAgain(slot);
    } catch (error) {
      return this.error(slot, error);
    }
    if (outcome === undefined) this.#options.again(slot);
    else this.#decide(slot, outcome);
  }

  /** @param error what the system refused, or anything else that came up @throws it, if it ends the save */
  error(slot: FileSlot, error: unknown): void {
    if (error instanceof StrataError || OUT_OF_RESOURCES.has(errno(error))) throw error;
    // Looked for, and not found to be what it was a moment ago.
    if (wasReplaced(error)) this.content(slot, undefined);
    else this.#decide(slot, { kind: 'unreadable' });
  }

  #decide(slot: FileSlot, outcome: Outcome): void {
    slot.outcome = outcome;
    this.#options.onOutcome(slot);
  }
}

/**
 * Looks at a name again whose file was changed while it was read.
 *
 * @returns what that decides; undefined if it should be read once more, as it is now
 * @throws the system's error
 */
function lookAgain(slot: FileSlot): Outcome | undefined {
  const { directory, name } = slot;
  const stats = lstatAt(directory, name);
  if (stats === undefined) return { kind: 'gone' };
  if (++slot.tries >= TRIES || !(stats.isFile() || stats.isSymbolicLink())) return { kind: 'changed' };
  slot.facts = stats;
  slot.looks = looksOf(stats, () => lstatSync(at(directory, name), { bigint: true }));
  if (stats.isFile()) return undefined;
  return { kind: 'symlink', target: readlinkSync(at(directory, name), 'buffer') };
}
