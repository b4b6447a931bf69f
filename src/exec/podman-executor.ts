/** The executor that runs commands in containers of podman: one for the commands of a place, and others beside it that share its network. */

import { accessSync, constants } from 'node:fs';

import { StrataError, systemRandom, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { runAttended } from './attend.ts';
import { killBare } from './bare.ts';
import { PLACE_LABEL, SPLITTING, checkImage, containerWords, namesToPull } from './container.ts';
import { SHOWN_HOME, environmentFor } from './environment.ts';
import { environmentFile } from './environment-file.ts';
import type { ContainerSpec, Executor, PlaceOptions } from './executor.ts';
import { openPlace } from './place.ts';
import { removePlace } from './place-directory.ts';
import { PodmanRun } from './podman-run.ts';
import { REMOVAL, ask, demand, noPodman } from './podman.ts';
import type { Podman } from './podman.ts';
import { Runtimes } from './runtime.ts';
import { checkShown } from './shown.ts';

export interface PodmanOptions {
  /** Whether tasks may have containers that can do all that root can on this machine. Default false. */
  readonly allowPrivileged?: boolean | undefined;
  /** Default `podman`. */
  readonly program?: string | undefined;
  /** The caller's, for podman itself; containers get nothing of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const WAITING_PROGRAMS = ['/usr/libexec/podman/catatonit', '/usr/bin/catatonit'];
const FIXED = { TERM: 'dumb' };

/** @throws unavailable if podman does not work, or not for this user */
export async function podmanExecutor(options: PodmanOptions): Promise<Executor> {
  const { allowPrivileged = false, program = 'podman', environment } = options;
  const podman: Podman = { program, environment };
  const runtimes = new Runtimes();
  // What users other than root own in a place could not be given to them, nor taken back.
  if (process.getuid?.() !== 0) throw noPodman(program, 'only root can run them here');
  const waiting = WAITING_PROGRAMS.find(isThere);
  if (waiting === undefined) throw noPodman(program, 'catatonit is not installed');
  await demand(podman, ['version', '--format={{.Client.Version}}']);

  /** Those beside a container use its network, so they go first. */
  const removeContainers = async (names: readonly string[], how: Cancellable = {}) => {
    for (const name of names.toReversed()) await demand(podman, [...REMOVAL, name], how);
  };

  return {
    label: 'podman',

    async place(place) {
      const { signal, shown = [] } = place;
      const specs = check(place);
      for (const { image } of specs) await provide(podman, image, { signal });
      const names: string[] = [];
      try {
        for (const spec of specs) {
          const name = `strata-${toHex(systemRandom(8))}`;
          const first = names[0];
          using file = environmentFile(
            Object.entries(
              first === undefined ? { ...spec.environment, HOME: SHOWN_HOME } : spec.environment,
            ),
          );
          const parts = {
            name,
            directory: place.directory,
            shown,
            waiting: first === undefined ? waiting : undefined,
            network: first,
            environmentFile: file.path,
            allowPrivileged,
          };
          const words = [...file.words, ...containerWords(spec, parts)];
          names.push(name);
          await runtimes.run(podman, name, words, { signal });
        }
        const [name = ''] = names;
        const run = await PodmanRun.open(podman, runtimes, name, place);
        return openPlace({
          directory: place.directory,
          home: SHOWN_HOME,
          shown,
          pathOf: ({ at }) => at,
          async run(command, runOptions) {
            using file = environmentFile(environmentFor(FIXED, command, SHOWN_HOME));
            await run.prepare(command.user);
            // Awaited here: the file is gone when this function returns.
            return await runAttended(command.input, runOptions, (pipes, output) =>
              run.start(command, file, pipes, output),
            );
          },
          close: () => removeContainers(names),
        });
      } catch (error) {
        await removeContainers(names).catch(() => undefined);
        throw error;
      }
    },

    async sweepLeftovers(directory, how = {}) {
      const filter = `--filter=label=${PLACE_LABEL}=${directory}`;
      const found = await demand(podman, ['ps', '--all', '--quiet', filter], how);
      await removeContainers(found.split('\n').filter(Boolean), how);
      await killBare(directory);
      await removePlace(directory);
    },
  };
}

/** @throws not_found for an image that is neither here nor can be pulled */
async function provide(podman: Podman, image: string, options: Cancellable): Promise<void> {
  checkImage(image);
  if ((await ask(podman, ['image', 'exists', image], options)).ok) return;
  const names = namesToPull(image);
  let reason = '';
  for (const name of names) {
    const pulled = await ask(podman, ['pull', '--quiet', name], options);
    if (pulled.ok) return;
    ({ reason } = pulled);
  }
  throw new StrataError('not_found', `there is no image ${image} here, and it cannot be pulled: ${reason}`, {
    hint: `Check the name, and that \`podman pull ${names.at(-1)}\` works; or bring it: \`podman load\`, \`podman import\`.`,
    details: { image },
  });
}

function check({ directory, containers = [], shown = [] }: PlaceOptions): readonly ContainerSpec[] {
  if (containers.length === 0) {
    throw new StrataError('bad_input', 'podman runs commands in containers, and none was named', {
      hint: 'Name a container with its image.',
    });
  }
  if (!directory.startsWith('/') || SPLITTING.test(directory)) {
    throw new StrataError('bad_input', `containers cannot be shown the directory ${directory}`, {
      hint: 'Keep places under a path without colons and commas.',
      details: { directory },
    });
  }
  checkShown(shown, directory);
  return containers;
}

function isThere(program: string): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
