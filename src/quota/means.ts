/** What the means are to each other, besides what they are to others. */

import type { QuotaMeans } from './quota.ts';

export interface Means extends QuotaMeans {
  /** What a machine has to have for it: a sentence for a person. */
  readonly needs: string;
  /** @param tryOut opens a small place there: resolves to why that does not work @returns undefined if it works there */
  whyNot(baseDir: string, tryOut: () => Promise<string | undefined>): Promise<string | undefined>;
}
