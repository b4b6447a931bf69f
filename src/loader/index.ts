/** Bedrock, and imported by nobody: the build starts with it. */

export { load } from './loader.ts';
