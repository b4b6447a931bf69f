/** A door: the commands. Reads arguments, prints results as text for people or as JSON for programs. */

export { run } from './run.ts';
export type { World } from './world.ts';
