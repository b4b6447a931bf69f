/** What all help texts have in common. */

import type { Command } from 'commander';

/** Examples below the help of a command. @param lines without the program's name, which is the one that was called */
export function addExamples(command: Command, lines: readonly string[]): void {
  command.addHelpText('after', ({ command: shown }) => {
    let root = shown;
    while (root.parent) root = root.parent;
    return ['', 'Examples:', ...lines.map((line) => `  ${root.name()} ${line}`)].join('\n');
  });
}

/** Says what `--json` prints. */
export function addJsonHelp(command: Command, shape: string): void {
  command.addHelpText('after', `\nWith --json: ${shape}`);
}
