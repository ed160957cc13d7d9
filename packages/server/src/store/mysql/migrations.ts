import type { Migration } from '../remote/migrator.ts';
import { procedures } from './migrations/001-procedures.ts';
import { tables } from './migrations/001-transactions.ts';

/**
 * In order: the first one makes version 1. An index or a column of a table with rows is added with
 * `algorithm = inplace, lock = none`.
 */
export const migrations: readonly Migration[] = [{ adds: [...tables, ...procedures], removes: [] }];
