/** What all help texts have in common. */

import type { Command } from 'commander';

/** As of commander, for an output that is no terminal. */
const DEFAULT_WIDTH = 80;

/** Examples below the help of a command. @param lines without the program's name, which is the one that was called */
export function addExamples(command: Command, lines: readonly string[]): void {
  command.addHelpText('after', ({ command: shown }) => {
    let root = shown;
    while (root.parent) root = root.parent;
    return ['', 'Examples:', ...lines.map((line) => `  ${root.name()} ${line}`)].join('\n');
  });
}

/** Says what `--json` prints. @param shape in lines of any length */
export function addJsonHelp(command: Command, shape: string): void {
  addNote(command, `With --json: ${shape}`);
}

/** A paragraph below the help of a command, as wide as the rest of it. */
export function addNote(command: Command, text: string): void {
  command.addHelpText('after', ({ command: shown, error }) => {
    const output = shown.configureOutput();
    const width = (error ? output.getErrHelpWidth : output.getOutHelpWidth)?.() ?? DEFAULT_WIDTH;
    return `\n${shown.createHelp().boxWrap(text.replaceAll('\n', ' '), width)}`;
  });
}
