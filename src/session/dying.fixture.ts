/**
 * A process that does one operation on a session, and kills itself at one of its steps: before a transaction, behind it, at a put of the store.
 * Arguments: place of the home, operation, number of the step. Ends with 0 if it never came to that step.
 */

import type { Database } from '../db/index.ts';
import type { Store } from '../store/index.ts';
import { openTestHome } from '../testing/home.ts';
import { checkpointSession } from './checkpoint.ts';
import { forkSession } from './fork.ts';
import { restoreSession } from './restore.ts';
import { resumeSession } from './resume.ts';
import { sessionHomeOf } from './session.fixture.ts';
import { suspendSession } from './suspend.ts';
import { terminateSession, undeleteSession } from './terminate.ts';
import { newSessionId } from './rows.ts';
import { showSession } from './view.ts';

const [, , place = '', operation = '', at = ''] = process.argv;

let isCounting = false;
let step = 0;

function pass(): void {
  if (isCounting && ++step === Number(at)) process.kill(process.pid, 'SIGKILL');
}

function dyingStore(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'put') return typeof value === 'function' ? value.bind(target) : value;
      return async (...given: Parameters<Store['put']>) => {
        pass();
        const result = await target.put(...given);
        pass();
        return result;
      };
    },
  });
}

function dyingDatabase(database: Database): Database {
  return {
    ...database,
    label: database.label,
    readOnly: database.readOnly,
    kysely: database.kysely,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    async transaction(work, options) {
      pass();
      const result = await database.transaction(work, options);
      pass();
      return result;
    },
  };
}

const home = await openTestHome(dyingStore, place);
const database = dyingDatabase(home.database);
const { runner, create, exec, world } = sessionHomeOf({
  ...home,
  database,
  world: { ...home.world, database },
});
const self = await runner();
isCounting = true;
const OPERATIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  create: () => create(self, 'other'),
  suspend: () => suspendSession(self, 'web'),
  resume: () => resumeSession(self, 'web'),
  checkpoint: () => checkpointSession(self, 'web'),
  restore: () => restoreSession(self, 'web@2'),
  terminate: () => terminateSession(self, 'web'),
  undelete: () => undeleteSession(self, 'web'),
  fork: async () => {
    const { id: _, ...wish } = await showSession(self, 'web');
    await forkSession(
      self,
      'web@2',
      { ...wish, id: newSessionId(world.random), name: 'other', retention: undefined },
      {},
    );
  },
  exec: () => exec(self, 'web', 'echo more > more'),
};
await OPERATIONS[operation]!();
process.exit(0);
