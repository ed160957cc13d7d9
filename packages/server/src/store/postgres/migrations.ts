import type { Migration } from '../remote/migrator.ts';
import { procedures } from './migrations/001-procedures.ts';
import { tables } from './migrations/001-transactions.ts';

/**
 * In order: the first one makes version 1 of a schema. Of an index on a table with rows it is
 * `create index concurrently if not exists`.
 */
export const migrations: readonly Migration[] = [{ adds: [...tables, ...procedures], removes: [] }];
