import { type Judgement, RemoteError } from '../remote/judged.ts';

/** What the server reports, by its number. Those above 4000 are MariaDB's alone. */
const judgements: Readonly<Record<number, readonly [judgement: Judgement, what?: string, advice?: string]>> = {
  1205: ['locked', 'another session is just writing the same key'],
  1213: ['again'],
  // Galera: it does not see most of the others.
  1047: ['moved', 'the server is no part of its cluster now'],
  1290: ['moved', 'the server only reads'],
  1792: ['moved', 'the server only reads'],
  1836: ['moved', 'the server only reads'],
  1020: ['again'],
  1021: ['full', 'the disk of the server is full', 'make room on it'],
  1114: ['full', 'a table of the server is full', 'make room for it'],
  1037: ['refused', 'the server has no free memory', 'give it more'],
  1041: ['refused', 'the server has no free memory', 'give it more'],
  1040: [
    'unreached',
    'the server takes no more connections',
    'raise its max_connections, or lower store.connections of each coordinator',
  ],
  1203: ['unreached', 'this user may have no more connections', 'raise its max_user_connections'],
  1226: ['unreached', 'this user may do no more', 'raise its limits on the server'],
  1044: ['refused', 'this user has no right to use the database', 'grant the user all rights on it'],
  1045: ['unreached', 'the user or the password is wrong', 'set both in store.url'],
  1130: ['unreached', 'the server lets nobody in from this host', 'create the user for this host'],
  1049: ['unreached', 'there is no such database', 'create it, or name another one in store.url'],
  1142: ['refused', 'this user has no right to do that', 'grant the user all rights on the database'],
  1227: ['refused', 'this user has no right to do that', 'grant the user all rights on the database'],
  1370: ['refused', 'this user may not call procedures', 'grant the user execute and create routine on the database'],
  1146: ['refused', 'a table of Holdfast is missing', 'start Holdfast again: it creates what is missing'],
  1305: ['refused', 'a procedure of Holdfast is missing', 'start Holdfast again: it creates what is missing'],
  1665: ['refused', 'the server writes its binary log by statement', 'set its binlog_format to ROW'],
  // It may come between the COMMIT and the answer.
  // Galera: whether the others have it is not known.
  1180: ['unknown', 'the server failed in the middle of a commit'],
  1053: ['unknown', 'the server is stopping'],
  1317: ['unknown', 'the server ended the statement'],
  1927: ['unknown', 'the server ended the connection'],
  1969: ['unknown', 'the server ended the statement'],
  3024: ['unknown', 'the server ended the statement'],
  1153: ['data', 'a packet is larger than the server takes', 'raise its max_allowed_packet to 64M'],
  1048: ['data'],
  1062: ['data'],
  1264: ['data'],
  1265: ['data'],
  1301: ['data', 'a value is larger than the server takes', 'raise its max_allowed_packet to 64M'],
  1366: ['data'],
  1406: ['data'],
  3140: ['data'],
  3156: ['data'],
  4038: ['data'],
};

/** A procedure, a column or an index is there, or is gone, as a migration wants it. */
const asWanted: readonly number[] = [1304, 1060, 1061, 1091];

export const isThereAlready = (error: unknown) =>
  error instanceof RemoteError && isReported(error.cause) && asWanted.includes(error.cause.errno);

interface Reported {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
}

/** What an error of the driver means. What is not known to have been reported before the COMMIT is unknown. */
export function judge(error: unknown, otherwise = 'the connection to the database was lost'): RemoteError {
  if (error instanceof RemoteError) return error;
  if (!isReported(error)) {
    const text =
      error instanceof Error ? error.message || String(('code' in error && error.code) || error.name) : String(error);
    return new RemoteError('unknown', `${otherwise}: ${text}`, error);
  }
  const { errno, message } = error;
  const [judgement, what, advice] = judgements[errno] ?? ['refused'];
  const text = what === undefined ? message : `${what} (${message})`;
  return new RemoteError(judgement, `MySQL ${errno}: ${text}${advice === undefined ? '' : `: ${advice}`}`, error);
}

/** An error of the driver's own has a number of the system's, and no state. */
function isReported(error: unknown): error is Reported {
  return (
    error instanceof Error &&
    'errno' in error &&
    'sqlState' in error &&
    typeof error.errno === 'number' &&
    typeof error.sqlState === 'string' &&
    error.sqlState.length === 5
  );
}
