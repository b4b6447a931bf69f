/** What was asked for when a run was started: enough to go on with it, or to start it again, in another process. */

import { StrataError, utf8 } from '../base/index.ts';
import type { TenantVault } from '../vault/index.ts';

export interface RunRequest {
  /** Text of the run file, as it was then. */
  readonly file: string;
  /** How the file is named in messages. */
  readonly shown: string;
  /** Which of its runs. */
  readonly run: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly source: RunSource | undefined;
  readonly settings: RunSettings;
}

/** What `clone` takes, and what conditions are held against. */
export interface RunSource {
  /** A directory of this machine, or anything that git clones; undefined: there is only a branch or tag to go by. */
  readonly location: string | undefined;
  /** What is checked out; undefined: what the source has checked out itself. */
  readonly ref: string | undefined;
  /** All digits of the commit that it stood for when the run was started; undefined: no task clones it. */
  readonly commit?: string | undefined;
  readonly branch: string | undefined;
  readonly tag: string | undefined;
}

/** What conditions are held against. */
export function whenSource(source: RunSource | undefined): Pick<RunSource, 'branch' | 'tag'> {
  return { branch: source?.branch, tag: source?.tag };
}

export interface RunSettings {
  readonly sandbox: 'auto' | 'require' | 'off';
  /** Absolute paths that sandboxed tasks may write to. */
  readonly bind: readonly string[];
  /** After a task that ran again and saved what it had saved before, what succeeded behind it is not run again. */
  readonly earlyCutoff: boolean;
}

/** @param run its id: a request opens in no other row */
export function sealRequest(vault: TenantVault, run: string, request: RunRequest): Uint8Array {
  return vault.sealRow(nameOf(run), utf8(JSON.stringify(request)));
}

/** @throws integrity */
export function openRequest(vault: TenantVault, run: string, sealed: Uint8Array): RunRequest {
  const plain = vault.openRow(nameOf(run), sealed);
  try {
    // Nobody else has the key that it was sealed with.
    return JSON.parse(Buffer.from(plain).toString()) as RunRequest;
  } catch (error) {
    throw new StrataError('integrity', `what is kept of run ${run} cannot be read`, { cause: error });
  }
}

function nameOf(run: string): string {
  return `run/${run}`;
}
