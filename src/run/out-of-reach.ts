/** Directories of a run file that steps cannot reach: told before anything runs, not after an hour of building. */

import { resolve } from 'node:path';

import { isBelow } from '../base/index.ts';
import { SHOWN_HOME } from '../exec/index.ts';
import { matches } from '../plan/index.ts';
import type { StepDefinition, TaskDefinition } from '../plan/index.ts';
import { whenSource } from './request.ts';
import type { RunSource } from './request.ts';
import { taskDirectory } from './working-dir.ts';

/**
 * Held against the home that tasks see in containers and sandboxes; without either it is elsewhere, and no absolute path is below it.
 * One text for each, of tasks that are not left out. The step itself is what fails.
 */
export function outOfReach(tasks: readonly TaskDefinition[], source: RunSource | undefined): string[] {
  return tasks
    .filter(({ when }) => matches(when, whenSource(source)))
    .flatMap((task) =>
      task.steps.flatMap((step) =>
        directoriesOf(step)
          .map((inside) =>
            resolve(taskDirectory(inside, SHOWN_HOME, taskDirectory(task.workingDir, SHOWN_HOME))),
          )
          .filter((path) => !isBelow(path, SHOWN_HOME))
          .map(
            (path) =>
              `${task.name}: ${path} is not below ${SHOWN_HOME}, so the step "${step.name}" will fail`,
          ),
      ),
    );
}

function directoriesOf(step: StepDefinition): readonly string[] {
  switch (step.kind) {
    case 'run':
      return [];
    case 'clone':
      return [''];
    case 'restore_workspace':
    case 'restore_cache':
      return [step.destDir];
    case 'save_to_workspace':
    case 'save_cache':
      return step.contents.map(({ sourceDir }) => sourceDir);
  }
}
