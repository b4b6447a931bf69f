/** `completion` */

import { Argument } from 'commander';
import type { Command } from 'commander';

import type { ProgramShape } from './command-shape.ts';
import { addExamples, addNote } from './help.ts';
import type { Invocation } from './invocation.ts';

/** Each loaded by itself. */
const SHELLS: Readonly<Record<string, () => Promise<(program: ProgramShape) => string>>> = {
  bash: async () => (await import('./completion-bash.ts')).bashCompletion,
  zsh: async () => (await import('./completion-zsh.ts')).zshCompletion,
  fish: async () => (await import('./completion-fish.ts')).fishCompletion,
};

export function registerCompletion(noun: Command, invocation: Invocation): void {
  noun
    .addArgument(new Argument('<shell>', 'for which shell').choices(Object.keys(SHELLS)))
    .action((shell: string) => printCompletion(noun, invocation, shell));
  addExamples(noun, [
    'completion bash > ~/.local/share/bash-completion/completions/strata',
    'completion zsh > ~/.zfunc/_strata',
    'completion fish > ~/.config/fish/completions/strata.fish',
  ]);
  addNote(
    noun,
    'A script, whatever the flags; for a trial in bash: source <(strata completion bash). Workspaces, sessions,\n' +
      'the newest runs and their tasks are asked for when they are wanted. It is for strata and mctl; bash and fish look for a\n' +
      'file of the name that is typed, so link theirs as mctl, or mctl.fish, too.',
  );
}

async function printCompletion(noun: Command, invocation: Invocation, shell: string): Promise<void> {
  const { programShape } = await import('./command-shape.ts');
  const script = await SHELLS[shell]!();
  await invocation.terminal.write(script(await programShape(noun.parent ?? noun, invocation)));
}
