import { RemoteError } from '../remote/judged.ts';
import { type Followed, lineKey, notFollowed, type Stand, toStoredBeat } from '../remote/stand.ts';
import { numberAt, textAt } from '../remote/values.ts';
import type { Connection } from './connection.ts';
import { faultOf } from './durability.ts';
import { clockMs } from './procedures/common.ts';

/** What a server is just now, and what the data on it say. @throws RemoteError */
export async function lookAt(
  connection: Connection,
  { schema, hasSeveralHosts }: { readonly schema: string; readonly hasSeveralHosts: boolean },
): Promise<Stand> {
  const [state = []] = await connection.query(
    `select current_setting('transaction_read_only') = 'off',
       (extract(epoch from pg_postmaster_start_time()) * 1000)::bigint,
       to_regclass($1) is not null and to_regclass($2) is not null and exists (
         select from pg_proc where pronamespace = to_regnamespace($3) and proname = 'put_value_1'),
       current_setting('fsync'), current_setting('synchronous_commit'), current_setting('synchronous_standby_names')`,
    [`${schema}.key_values`, `${schema}.nodes`, schema],
  );
  const isWritable = state[0] === true;
  const startedMs = numberAt(state, 1);
  const [fsync = '', commit = '', standbys = ''] = [3, 4, 5].map((index) => textAt(state, index));
  const fault = faultOf({ fsync, commit, standbys }, hasSeveralHosts);
  const line = isWritable ? await lineOf(connection) : '';
  // Another coordinator may be just creating them.
  if (state[2] !== true) return { isWritable, fault, line, startedMs, followed: undefined, beats: [] };
  const followed = await followedIn(connection, schema);
  const beats = await connection.query(
    `select incarnation, node, count, ${clockMs} - beat_ms,
       (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000)::bigint
     from ${schema}.nodes where beat_ms > 0`,
  );
  return { isWritable, fault, line, startedMs, followed, beats: beats.map(toStoredBeat) };
}

/** @returns false where the data say something else by now. @throws RemoteError */
export async function follow(
  connection: Connection,
  schema: string,
  { line, followed = notFollowed }: Stand,
): Promise<boolean> {
  const [row = []] = await connection.query(`call ${schema}.put_value_1($1, $2, $3, $4, ${clockMs}, null)`, [
    lineKey.category,
    lineKey.key,
    line,
    followed.term,
  ]);
  return row[0] === true;
}

/** A promotion begins another timeline. Where a system that speaks this protocol knows no such thing, it has none. */
async function lineOf(connection: Connection): Promise<string> {
  try {
    const [row = []] = await connection.query(
      `select system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) from pg_control_system()`,
    );
    return textAt(row, 0);
  } catch (error) {
    if (error instanceof RemoteError && error.judgement === 'refused') return '';
    throw error;
  }
}

async function followedIn(connection: Connection, schema: string): Promise<Followed> {
  const [row] = await connection.query(
    `select value, version from ${schema}.key_values where category = $1 and key = $2`,
    [lineKey.category, lineKey.key],
  );
  return row === undefined ? notFollowed : { line: textAt(row, 0), term: numberAt(row, 1) };
}
