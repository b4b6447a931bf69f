/** A process of its own that writes: `node writer.fixture.ts DATABASE count N | hang`. */

import { openSqlite } from './sqlite.ts';

const [path = '', what, count] = process.argv.slice(2);

await using db = await openSqlite(path);

if (what === 'hang') {
  await db.transaction(async (tx) => {
    await tx.updateTable('tenants').set({ name: 'half done' }).execute();
    process.stdout.write('inside\n');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
}

for (let round = 0; round < Number(count); round++) {
  await db.transaction(async (tx) => {
    const { key_seq } = await tx.selectFrom('tenants').select('key_seq').executeTakeFirstOrThrow();
    await tx
      .updateTable('tenants')
      .set({ key_seq: key_seq + 1 })
      .execute();
  });
}
