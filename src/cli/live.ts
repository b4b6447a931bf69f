/** A run while it runs: a picture on stderr that is drawn over and over, or for who has no terminal a line whenever a task starts or ends. */

import { shellWord } from '../base/index.ts';
import { columnsOf, oneLine } from './columns.ts';
import { formatCount } from './format.ts';
import type { Invocation } from './invocation.ts';
import { detailOf, elapsed, renderRun, standingOf } from './run-view.ts';
import type { RunView, TaskView } from './run-view.ts';
import type { OutputStream } from './world.ts';

/** Fast enough to look alive, slow enough to cost nothing. */
const INTERVAL_MS = 100;
/** Times go on while nothing happens. */
const TICK_MS = 1000;
/** Also for a terminal that says it has none. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const CLEAR_TO_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export interface Live extends Disposable {
  show(run: RunView): void;
  /** Makes place for a line of somebody else; the picture comes again below. */
  clear(): void;
}

/** Nothing of it is left on a terminal when it is disposed of; what was written to a file stays. */
export function liveRun(invocation: Invocation): Live {
  const { stderr, json, quiet } = invocation.terminal;
  if (json || quiet) return { show: () => {}, clear: () => {}, [Symbol.dispose]: () => {} };
  return stderr.isTTY === true ? new Picture(invocation) : new Lines(invocation);
}

class Picture implements Live {
  readonly #invocation: Invocation;
  readonly #stderr: OutputStream & { readonly rows?: number };
  readonly #timer: NodeJS.Timeout;
  #run: RunView | undefined;
  #drawnAt = -Infinity;
  /** Columns of each line that stands there, the cursor at the end of the last. */
  #drawn: readonly number[] = [];

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
    this.#stderr = invocation.terminal.stderr;
    this.#timer = setInterval(() => this.#draw(), TICK_MS).unref();
    invocation.world.signal.addEventListener('abort', this.#makePlace);
  }

  /** Whoever stopped us is told so at once: on a line of its own, not in the middle of the picture. */
  readonly #makePlace = () => this.clear();

  show(run: RunView): void {
    const isLast = run.phase !== 'running' && run.phase !== this.#run?.phase;
    this.#run = run;
    const since = this.#invocation.world.clock() - this.#drawnAt;
    // A clock that was set back would else keep the picture for as long.
    if (isLast || since >= INTERVAL_MS || since < 0) this.#draw();
  }

  clear(): void {
    if (this.#drawn.length > 0) this.#stderr.write(this.#backToStart() + CLEAR_BELOW);
    this.#drawn = [];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#invocation.world.signal.removeEventListener('abort', this.#makePlace);
    this.clear();
    this.#run = undefined;
  }

  #draw(): void {
    // A terminal that is slow to read gets fewer pictures, not a queue of them.
    if (this.#run === undefined || this.#stderr.writableNeedDrain) return;
    const { world, terminal } = this.#invocation;
    const now = world.clock();
    this.#drawnAt = now;
    const lines = renderRun(this.#run, {
      // One less than there are: a terminal that is filled to the last column may begin another line.
      width: this.#columns - 1,
      // A picture as high as the terminal would push its own first line out, where no cursor comes back to it.
      height: Math.max((this.#stderr.rows || DEFAULT_ROWS) - 1, 1),
      now,
      paint: (color, text) => terminal.paint(color, text, this.#stderr),
    });
    const text = lines.map((line) => line + CLEAR_TO_LINE_END).join('\r\n');
    this.#stderr.write(this.#backToStart() + text + CLEAR_BELOW);
    this.#drawn = lines.map((line) => columnsOf(line.replaceAll(PAINT, '')));
  }

  get #columns(): number {
    return this.#stderr.columns || DEFAULT_COLUMNS;
  }

  /** A terminal that became narrower has wrapped the lines that are too long for it now. */
  #backToStart(): string {
    const width = this.#columns;
    const rows = this.#drawn.reduce((sum, each) => sum + Math.max(Math.ceil(each / width), 1), 0);
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r';
  }
}

/** What `paint` puts around text. */
// oxlint-disable-next-line no-control-regex
const PAINT = /\x1b\[\d*m/g;

class Lines implements Live {
  readonly #invocation: Invocation;
  #before: readonly TaskView[] | undefined;

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
  }

  show(run: RunView): void {
    const now = this.#invocation.world.clock();
    const lines = newsOf(this.#before ?? [], run, now);
    // Who wants to approve, cancel or look needs to know its id before it has ended.
    if (this.#before === undefined) lines.unshift(`run ${oneLine(run.name)} ${oneLine(run.id)} started`);
    this.#before = run.tasks;
    if (lines.length > 0) this.#invocation.terminal.stderr.write(lines.map((line) => `${line}\n`).join(''));
  }

  clear(): void {}

  [Symbol.dispose](): void {}
}

/** A line for each task that stands otherwise than before; those to come are no news. */
export function newsOf(
  before: readonly TaskView[],
  { id, tasks }: Pick<RunView, 'id' | 'tasks'>,
  now: number,
): string[] {
  return tasks.flatMap((task, n) => {
    const was = before[n];
    const standing = standingOf(task);
    if (standing === 'to come' || (was !== undefined && standingOf(was) === standing)) return [];
    const time = task.ended === undefined ? undefined : elapsed(task, now);
    if (standing === 'running') return [`${oneLine(task.name)}: ${startedText(task)}`];
    const word = standing === 'waiting' ? '' : standing;
    const told = [word + (time === undefined ? '' : ` after ${time}`), detailOf(task)];
    const line = `${oneLine(task.name)}: ${told.filter((part) => part !== '').join(', ')}`;
    return [standing === 'waiting' ? `${line}: ${approveCommand(id, task.name)}` : line];
  });
}

export function approveCommand(run: string, task: string): string {
  return `strata runs approve ${run} ${shellWord(oneLine(task))}`;
}

/** Which step it is at is chance. `started on host, attempt 2` */
function startedText({ executor, attempt }: TaskView): string {
  const where = executor === undefined ? '' : ` on ${oneLine(executor)}`;
  return `started${where}${attempt > 1 ? `, attempt ${formatCount(attempt)}` : ''}`;
}
