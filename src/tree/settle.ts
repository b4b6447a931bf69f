/** What is seen at one path, and whether its writers agree: the policies of a merge, and nothing else of it. */

import { claimsOf } from './claim.ts';
import type { Claim } from './claim.ts';
import { equalEntries } from './diff.ts';
import type { Entry } from './entry.ts';
import type { MergePolicy, Placed } from './merge-layer.ts';

export interface MergeRules {
  readonly policy: Exclude<MergePolicy, { kind: 'separate' }>;
  readonly precedes: (a: number, b: number) => boolean;
  readonly writerOf: (layer: number) => number;
}

export interface Settled {
  /**
   * Nothing; one file or link; or the directories that merge, in order of application. In a conflict the directories that take part:
   * what is in them may conflict too.
   */
  readonly seen: readonly Placed[];
  /** Who cannot have it together, in order; undefined if all agree. */
  readonly conflict: readonly Claim[] | undefined;
  /** The layer of the preferred writer who decided it, where one had to. */
  readonly decidedBy: number | undefined;
}

const AGREED = { conflict: undefined, decidedBy: undefined } as const;

/** @param placed what layers have at the path, in order of application, at least one */
export function settle(placed: readonly Placed[], rules: MergeRules): Settled {
  const { entry: first } = placed[0]!;
  // Most paths are one of these two: nobody needs to be asked who comes after whom.
  if (first.kind === 'directory' && placed.every(({ entry }) => entry.kind === 'directory'))
    return { seen: placed, ...AGREED };
  if (first.kind !== 'directory' && (placed.length === 1 || rules.policy.kind !== 'fail-any')) {
    const agree = placed.every(({ entry }) => entry === first || equalEntries(entry, first));
    if (agree) return { seen: first.kind === 'whiteout' ? [] : placed.slice(-1), ...AGREED };
  }
  return settleClaims(claimsOf(placed, rules.writerOf), rules);
}

export function settleClaims(claims: readonly Claim[], rules: MergeRules): Settled {
  // Most often nobody can hide anything, and a run may have thousands of writers.
  const hiders = claims.filter((claim) => rules.policy.kind === 'override' || takesAway(claim));
  const alive = claims.filter((claim) => hiderOf(claim, hiders, rules) === undefined);
  const saved = alive.filter(({ entry }) => entry.kind !== 'whiteout');
  const directories = saved.flatMap((claim) => claim.directories).toSorted((a, b) => a.layer - b.layer);
  if (disagree(alive, saved, rules)) {
    const preferred = preferredOf(alive, rules);
    if (preferred === undefined) {
      const conflict = alive.toSorted((a, b) => a.layer - b.layer);
      return { seen: directories, conflict, decidedBy: undefined };
    }
    const own = preferred.entry.kind === 'whiteout' ? [] : [preferred];
    const seen = isDirectory(preferred) ? directories : own;
    return { seen, conflict: undefined, decidedBy: preferred.layer };
  }
  if (directories.length > 0) return { seen: directories, ...AGREED };
  const last = saved.reduce<Claim | undefined>((a, b) => (a && a.layer > b.layer ? a : b), undefined);
  return { seen: last === undefined ? [] : [last], ...AGREED };
}

/**
 * The last claim of a descendant that leaves nothing of this one.
 *
 * A whiteout does under each policy, also one that its writer has replaced since. Under `override` so does everything but a directory
 * over a directory; and a directory too, if it replaced something else. What is hidden itself still hides, so the order in
 * which claims are looked at does not matter.
 */
export function hiderOf(claim: Claim, claims: readonly Claim[], rules: MergeRules): Claim | undefined {
  // The last first: along a long chain it is the one.
  return claims.findLast((other) => hides(other, claim, rules) && rules.precedes(claim.writer, other.writer));
}

function hides(other: Claim, claim: Claim, { policy }: MergeRules): boolean {
  if (takesAway(other)) return true;
  if (policy.kind !== 'override') return false;
  return other.over === 'entry' || !isDirectory(other) || !isDirectory(claim);
}

function takesAway({ entry, over }: Claim): boolean {
  return entry.kind === 'whiteout' || over === 'whiteout';
}

/** @param saved of `alive`, all but whiteouts */
function disagree(
  alive: readonly Claim[],
  saved: readonly Claim[],
  { policy, precedes }: MergeRules,
): boolean {
  const [first] = saved;
  if (first === undefined) return false;
  const isOne = (entry: Entry) => policy.kind !== 'fail-any' && equalEntries(entry, first.entry);
  if (!saved.every(isDirectory) && !saved.every((claim) => claim === first || isOne(claim.entry)))
    return true;
  // A descendant may save again what was gone. Nobody else may: to keep it and to take it away do not go together.
  return alive.some(
    ({ writer, entry }) =>
      entry.kind === 'whiteout' && saved.some((claim) => !precedes(writer, claim.writer)),
  );
}

function preferredOf(alive: readonly Claim[], { policy }: MergeRules): Claim | undefined {
  if (policy.kind !== 'prefer') return undefined;
  for (const writer of policy.writers) {
    const claim = alive.find((each) => each.writer === writer);
    if (claim !== undefined) return claim;
  }
  return undefined;
}

function isDirectory({ entry }: Claim): boolean {
  return entry.kind === 'directory';
}
