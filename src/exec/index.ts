/** Floor 4: one command at a time in a directory made for it, in a sandbox of this machine or in containers. */

export { runBeside } from './beside.ts';
export type { BesideCommand } from './beside.ts';
export { SHOWN_HOME } from './environment.ts';
export type {
  Command,
  ContainerSpec,
  Ended,
  Executor,
  Place,
  PlaceOptions,
  RunOptions,
  ShownDirectory,
  StartedCommand,
} from './executor.ts';
export { hostExecutor } from './host.ts';
export type { HostOptions } from './host.ts';
export { podmanExecutor } from './podman-executor.ts';
export type { PodmanOptions } from './podman-executor.ts';
