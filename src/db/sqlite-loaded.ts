/**
 * What only an open database needs, to be loaded by whoever opens one, and not by whoever mentions one: it takes longer than all the
 * rest. By name, so that the build leaves out what nobody uses, half of Kysely.
 */

export { Kysely } from 'kysely';

export * as migrations from './migrations.ts';
export { checkScope, sqliteDialect } from './sqlite-dialect.ts';
