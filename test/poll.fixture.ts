/** Waiting for what comes when it comes. */

import { setTimeout } from 'node:timers/promises';

/** Milliseconds: more than a busy machine takes for anything. */
const PATIENCE = 240_000;
const LOOK_MS = 200;

/** Asks until the answer is good. @throws the last answer, if that takes too long */
export async function until<Answer>(
  ask: () => Answer | Promise<Answer>,
  isGood: (answer: Answer) => boolean,
): Promise<Answer> {
  for (const start = performance.now(); ; await setTimeout(LOOK_MS)) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    if (performance.now() - start > PATIENCE) throw new Error(`it stays ${JSON.stringify(answer)}`);
  }
}
