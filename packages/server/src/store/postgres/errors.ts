import { type Judgement, RemoteError } from '../remote/judged.ts';

/** What the server reports, by its code or by the first two characters of it (postgresql.org/docs, appendix A). */
const judgements: Readonly<Record<string, readonly [judgement: Judgement, what?: string, advice?: string]>> = {
  '55P03': ['locked', 'somebody else holds a lock on a row of it'],
  '40001': ['again'],
  '40P01': ['again'],
  '40003': ['unknown'],
  // It may come between the COMMIT and the answer.
  '57014': ['unknown', 'the server ended the statement'],
  '57P01': ['unknown', 'the server is stopping'],
  '57P02': ['unknown', 'the server is restarting after a crash'],
  '57P03': ['unreached', 'the server is starting or stopping'],
  '25006': ['moved', 'the server only reads'],
  '53100': ['full', 'the disk of the server is full', 'make room on it'],
  '53200': ['refused', 'the server has no free memory', 'give it more'],
  '53300': [
    'unreached',
    'the server takes no more connections',
    'raise its max_connections, lower store.connections of each coordinator, or use a pooler',
  ],
  '28P01': ['unreached', 'the password is wrong', 'set the password of that user in store.url'],
  '28000': ['unreached', 'the server does not let this user in', 'see its pg_hba.conf and the user in store.url'],
  '3D000': ['unreached', 'there is no such database', 'create it, or name another one in store.url'],
  '42501': ['refused', 'this user has no right to do that', 'grant the user all rights on the schema of Holdfast'],
  '42P01': ['refused', 'a table of Holdfast is missing', 'start Holdfast again: it creates what is missing'],
  '42883': ['refused', 'a procedure of Holdfast is missing', 'start Holdfast again: it creates what is missing'],
  '3F000': ['refused', 'the schema of Holdfast is missing', 'start Holdfast again: it creates what is missing'],
  '08P01': ['refused'],
  '22': ['data'],
  '23': ['data'],
  '54': ['data'],
};

interface Reported {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
}

/** What an error of the driver means. What is not known to have been reported before the COMMIT is unknown. */
export function judge(error: unknown): RemoteError {
  if (error instanceof RemoteError) return error;
  if (!isReported(error)) {
    const text = error instanceof Error ? error.message || error.name : String(error);
    return new RemoteError('unknown', `the connection to the database was lost: ${text}`, error);
  }
  const { code, severity, message } = error;
  const [judgement, what, advice] = judgements[code] ?? judgements[code.slice(0, 2)] ?? ['refused'];
  // The server ends the connection, wherever it was.
  const isEnd = severity !== 'ERROR' && judgement !== 'unreached';
  const text = what === undefined ? message : `${what} (${message})`;
  return new RemoteError(
    isEnd ? 'unknown' : judgement,
    `PostgreSQL ${code}: ${text}${advice === undefined ? '' : `: ${advice}`}`,
    error,
  );
}

function isReported(error: unknown): error is Reported {
  return (
    error instanceof Error &&
    'code' in error &&
    'severity' in error &&
    typeof error.code === 'string' &&
    error.code.length === 5 &&
    typeof error.severity === 'string'
  );
}
