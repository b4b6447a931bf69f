/** A session as one would keep it without any of our code: whole copies of everything it has and had. */

import { difference } from '../model/directory.ts';
import type { Files } from '../model/naive.ts';

/** Files of a runner whose lease was over. */
interface Left {
  readonly files: Files;
  /** Nobody else has all of them, so they have to be kept. */
  readonly isAlone: boolean;
}

export class NaiveSession {
  readonly name: string;
  /** Only its own runner may resume it. */
  readonly isPinned: boolean;
  state: 'active' | 'suspended' | 'terminated' = 'active';
  /** Where it is at work, or was last; undefined: nowhere yet. A number of the site's runners. */
  runner: number | undefined;
  /** Its lease was over, and what its runner has may be in no snapshot. */
  isLost = false;
  /** In its directory; while it rests, what whoever resumes it has to find. */
  files: Files;
  /** By number. Undefined: a command was at work meanwhile. */
  readonly snapshots = new Map<number, Files | undefined>();
  latest = 0;
  /** What runners had when others went on without it. */
  readonly left: Left[] = [];

  constructor(name: string, isPinned: boolean, files: Files) {
    this.name = name;
    this.isPinned = isPinned;
    this.files = files;
  }

  /** All is saved: by a new snapshot, perhaps after others of the same files, or by the latest already. @throws if it is not */
  learn(latest: number | undefined, files: Files | undefined = this.files): void {
    if (latest === undefined || latest < this.latest)
      throw new Error(`the latest snapshot is ${latest}, and there was ${this.latest}`);
    for (let number = this.latest + 1; number <= latest; number++) this.snapshots.set(number, files);
    this.latest = latest;
    const wrong = files && difference(this.saved, files);
    if (wrong !== undefined) throw new Error(`it should be saved, and of ${this.name}@${latest} ${wrong}`);
  }

  /** The snapshots whose files are known. */
  get known(): readonly (readonly [number, Files])[] {
    return [...this.snapshots].flatMap(([number, files]) =>
      files === undefined ? [] : [[number, files] as const],
    );
  }

  get saved(): Files {
    const files = this.snapshots.get(this.latest);
    if (files === undefined) throw new Error(`nobody knows what is in ${this.name}@${this.latest}`);
    return files;
  }

  /** Somebody goes on from the latest snapshot. @param isGone what the runner has is not wanted any more */
  leave(isGone: boolean): void {
    const isAlone = !isGone && difference(this.files, this.saved) !== undefined;
    this.left.push({ files: this.files, isAlone });
    this.files = this.saved;
    this.isLost = false;
  }
}
