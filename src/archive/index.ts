/** Floor 3: a tree becomes a tar archive, and a tar archive becomes a tree. No disk: archives are streams of bytes. */

export { Archive } from './read-archive.ts';
export type { ArchiveProgress, Loss, ReadArchiveOptions } from './read-archive.ts';
export { writeArchive } from './write-archive.ts';
export type { WriteArchiveOptions } from './write-archive.ts';
