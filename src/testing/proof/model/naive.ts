/** Workspaces as one would keep them without any of our code: whole copies of everything. */

/** Path → content. A directory is its path with a `/` behind it, and has none. */
export type Files = ReadonlyMap<string, Buffer | undefined>;

export interface Expected {
  readonly code: string;
}

export class NaiveWorkspaces {
  /** By name; then by number, ascending. */
  readonly all = new Map<string, Map<number, Files>>();

  save(name: string, files: Files): number {
    const snapshots = this.all.get(name) ?? new Map<number, Files>();
    this.all.set(name, snapshots);
    const number = Math.max(0, ...snapshots.keys()) + 1;
    snapshots.set(number, files);
    return number;
  }

  find(name: string, number?: number): Files | Expected {
    const snapshots = this.all.get(name);
    if (snapshots === undefined) return { code: 'workspace_not_found' };
    return snapshots.get(number ?? Math.max(...snapshots.keys())) ?? { code: 'snapshot_not_found' };
  }

  fork(from: string, number: number | undefined, name: string): Expected | undefined {
    const found = this.find(from, number);
    if ('code' in found) return found;
    if (this.all.has(name)) return { code: 'already_exists' };
    this.save(name, found);
    return undefined;
  }

  remove(name: string): Expected | undefined {
    return this.all.delete(name) ? undefined : { code: 'workspace_not_found' };
  }

  forget(name: string, number: number): Expected | undefined {
    const found = this.find(name, number);
    if ('code' in found) return found;
    const snapshots = this.all.get(name)!;
    if (number === Math.max(...snapshots.keys())) return { code: 'refused' };
    snapshots.delete(number);
    return undefined;
  }

  keepLast(name: string, count: number): Expected | undefined {
    const snapshots = this.all.get(name);
    if (snapshots === undefined) return { code: 'workspace_not_found' };
    for (const number of [...snapshots.keys()].slice(0, -count)) snapshots.delete(number);
    return undefined;
  }
}

/** Paths that a comparison tells, with how they changed. */
export function changesBetween(before: Files, after: Files): string[] {
  const lines: string[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    if (!before.has(path)) lines.push(`added ${path}`);
    else if (!after.has(path)) lines.push(`removed ${path}`);
    else if (before.get(path) !== undefined && !before.get(path)!.equals(after.get(path)!))
      lines.push(`changed ${path}`);
  }
  return lines.sort();
}
