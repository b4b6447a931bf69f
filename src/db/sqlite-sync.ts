/** When SQLite waits for the disk, with a log of its own for changes (https://sqlite.org/pragma.html#pragma_synchronous). */

/** At each commit: all that is in the log is durable then, also what came by others. */
export const SYNC_EACH = 'PRAGMA synchronous = FULL';

/** At a checkpoint, and with the next commit that does. */
export const SYNC_LATER = 'PRAGMA synchronous = NORMAL';
