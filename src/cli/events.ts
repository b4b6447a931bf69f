/** `events` */

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { parseDuration } from '../base/index.ts';
import type { WorkspaceEvent } from '../workspace/index.ts';
import { nonEmpty } from './argument.ts';
import { detailsText } from './event-details.ts';
import { formatDate, printable } from './format.ts';
import { addExamples, addJsonHelp, addNote } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { isoTime } from './shapes.ts';

interface EventFlags {
  readonly follow?: boolean;
  readonly since?: Since;
  readonly of?: string;
}

/** A time, in milliseconds before now, or the number of an event. */
type Since = { readonly ago: number } | { readonly after: number };

/** Room for most kinds and names. */
const KIND_WIDTH = 20;
const NAME_WIDTH = 12;

export function registerEvents(noun: Command, invocation: Invocation): void {
  noun
    .option('-f, --follow', 'wait for what comes')
    .option(
      '--since <when>',
      'only what is not older, as in 2h or 7d, or what comes after the event of a number',
      beginning,
    )
    .option('--of <name>', 'only of this workspace or session', nonEmpty)
    .action((flags: EventFlags) => showEvents(invocation, flags));
  addExamples(noun, [
    'events',
    'events --since 2h --of web',
    'events --follow --json',
    'events --since 120 --json',
  ]);
  addJsonHelp(
    noun,
    '{seq, at, kind, workspace, session, details}, one object a line. seq: its number, ascending in the order of commits; kind: as in\n' +
      '"snapshot.created"; workspace and session: names, or null; details: an object, of what else there is to tell.',
  );
  addNote(noun, 'The oldest first. Ctrl-C ends --follow, with exit code 9.');
}

async function showEvents(invocation: Invocation, flags: EventFlags): Promise<void> {
  const { terminal, world } = invocation;
  const { follow = false, since, of } = flags;
  await withEngine(invocation, async (engine) => {
    const from = since === undefined ? {} : 'after' in since ? since : { since: world.clock() - since.ago };
    const events = engine.events({ ...from, of, follow, signal: world.signal });
    const { some } = await terminal.lines(events, eventJson, eventLine, { atOnce: follow });
    if (!some) terminal.say(since === undefined && of === undefined ? 'no events yet' : 'no such events');
  });
}

function eventJson({ seq, at, kind, workspace, session, details = {} }: WorkspaceEvent): object {
  return {
    seq,
    at: isoTime(at),
    kind,
    workspace: workspace ?? null,
    session: session ?? null,
    details,
  };
}

function eventLine({ at, kind, workspace, session, details = {} }: WorkspaceEvent): string {
  const cells = [
    formatDate(at),
    kind.padEnd(KIND_WIDTH),
    (session ?? workspace ?? '-').padEnd(NAME_WIDTH),
    detailsText(kind, details),
  ];
  return printable(cells.join('  ')).replaceAll('\n', ' ').trimEnd();
}

function beginning(text: string): Since {
  if (/^\d{1,15}$/.test(text)) return { after: Number(text) };
  const ago = parseDuration(text);
  if (ago === undefined)
    throw new InvalidArgumentError('Give a time with s, m, h, d or w, as in 12h, or the number of an event.');
  return { ago };
}
