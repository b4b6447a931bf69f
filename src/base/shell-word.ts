/** A word as one would type it in a shell, for lines that are there to be copied. */
export function shellWord(word: string): string {
  return /^[\w@%+,./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
