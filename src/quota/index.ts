/** Floor 4: directories that hold so many bytes and no more. */

export { chooseMeans, meansNamed } from './choose.ts';
export type { BigFile, LimitedDirectory, MeansName, QuotaMeans, Writers } from './quota.ts';
