import { type Followed, lineKey, notFollowed, type Stand, toStoredBeat } from '../remote/stand.ts';
import { numberAt, textAt } from '../remote/values.ts';
import type { Connection } from './connection.ts';
import { clockMs } from './procedures/common.ts';
import { text } from './rows/columns.ts';

const keyBytes = [Buffer.from(lineKey.category), Buffer.from(lineKey.key)];

/** What a server is just now, and what the data on it say. @throws RemoteError */
export async function lookAt(connection: Connection, prefix: string): Promise<Stand> {
  const { isWritable, fault, line, startedSeconds } = connection.server;
  const startedMs = Math.round(startedSeconds * 1000);
  const [there = []] = await connection.query(
    `select (select count(*) from information_schema.tables where table_schema = database() and table_name in (?, ?)) +
       (select count(*) from information_schema.routines where routine_schema = database() and routine_name = ?)`,
    [`${prefix}key_values`, `${prefix}nodes`, `${prefix}put_value_1`],
  );
  // Another coordinator may be just creating them.
  if (numberAt(there, 0) < 3) return { isWritable, fault, line, startedMs, followed: undefined, beats: [] };
  const followed = await followedIn(connection, prefix);
  const beats = await connection.query(
    `select ${text('incarnation')}, ${text('node')}, count, ${clockMs} - beat_ms, ${clockMs} - ${startedMs}
     from ${prefix}nodes where beat_ms > 0`,
  );
  return { isWritable, fault, line, startedMs, followed, beats: beats.map(toStoredBeat) };
}

/** @returns false where the data say something else by now. @throws RemoteError */
export async function follow(
  connection: Connection,
  prefix: string,
  { line, followed = notFollowed }: Stand,
): Promise<boolean> {
  const [[row = []] = []] = await connection.call(`call ${prefix}put_value_1(?, ?, ?, ?, ${clockMs})`, [
    ...keyBytes,
    line,
    followed.term,
  ]);
  return row[0] === 1;
}

async function followedIn(connection: Connection, prefix: string): Promise<Followed> {
  const [row] = await connection.query(
    `select ${text('value')}, version from ${prefix}key_values where category = ? and name = ?`,
    keyBytes,
  );
  return row === undefined ? notFollowed : { line: textAt(row, 0), term: numberAt(row, 1) };
}
