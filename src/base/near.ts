/** Names that someone may have meant. */

/** Suggestions at most: more are a list, not a hint. */
const SUGGESTIONS = 3;

/** The candidates that are few edits away from `name`, nearest first: at most a third of its length, at most 3. */
export function nearNames(name: string, candidates: Iterable<string>): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const near: { candidate: string; edits: number }[] = [];
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits <= limit) near.push({ candidate, edits });
  }
  near.sort((a, b) => a.edits - b.edits);
  return near.slice(0, SUGGESTIONS).map(({ candidate }) => candidate);
}

/** What to say of them behind a name; nothing of none. */
export function meantText(near: readonly string[]): string {
  return near.length > 0 ? ` (did you mean ${near.join(' or ')}?)` : '';
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let twoUp: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? twoUp[j - 2]! + 1 : Infinity;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    twoUp = row;
    row = next;
  }
  return row[b.length]!;
}
