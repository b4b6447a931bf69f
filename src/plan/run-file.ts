/** Reads a run file: YAML or JSON, in Agola's schema and a few keys of ours. */

import { Place, list, oneLine, oneOf, parseYaml, record, refine } from '../base/index.ts';
import type { JsonSchema, Reader } from '../base/index.ts';
import { checkRun } from './check.ts';
import type { RunDefinition, RunFile } from './definition.ts';
import { noCredentials, taskReader } from './task-reader.ts';
import { name, when } from './values.ts';

/** As Agola's. */
const MAX_CHARACTERS = 1_048_576;

const runReader: Reader<RunDefinition> = refine(
  record({ name, tasks: list(taskReader, 'tasks', 1), when, docker_registries_auth: noCredentials }, [
    'name',
    'tasks',
  ]),
  (given, _node, place) => {
    if (given.tasks === undefined) return undefined;
    checkRun(given.tasks, place);
    return given.name === undefined
      ? undefined
      : { name: given.name, tasks: given.tasks.map(({ task }) => task), when: given.when };
  },
);

const fileReader: Reader<RunFile> = refine(
  record({ version: oneOf('v0'), runs: list(runReader, 'runs', 1), docker_registries_auth: noCredentials }, [
    'runs',
  ]),
  ({ runs = [] }, node, place) => {
    const names = new Set<string>();
    for (const { name: called } of runs) {
      if (names.has(called)) place.remark(node.offset, `there are two runs named ${oneLine(called)}`);
      names.add(called);
    }
    return { runs };
  },
);

/**
 * Everything about it is checked, and what is wrong is told at once.
 *
 * @param shown how the file is named in errors
 * @throws bad_input; unknown_config_key if nothing else is wrong than keys that do not exist
 */
export async function readRunFile(source: string, shown: string): Promise<RunFile> {
  const { root, flaws } = await parseYaml(source, MAX_CHARACTERS);
  if (root === undefined && flaws.count === 0)
    flaws.add(0, 'the file is empty: it needs runs, with a list of runs');
  const file = root === undefined ? undefined : fileReader.read(root, new Place(flaws));
  if (flaws.count > 0 || file === undefined) throw flaws.error(shown, { file: shown });
  return file;
}

/** For editors. Draft 2020-12; what is in no schema (dependencies, cycles, patterns) is told by `readRunFile` alone. */
export function runFileSchema(): JsonSchema {
  const definitions = new Map<string, JsonSchema>();
  const schema = fileReader.schema(definitions);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Run file of Strata',
    ...schema,
    $defs: Object.fromEntries(definitions),
  };
}
