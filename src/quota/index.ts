/** Floor 4: directories that hold so many bytes and no more. */

export type { LimitedDirectory, MeansName, QuotaMeans } from './quota.ts';
