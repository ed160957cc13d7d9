import { setTimeout as pause } from 'node:timers/promises';
import { stuckForOlder } from '../../newer.ts';
import type { Results } from '../../remote/batch.ts';
import { byGid, type EncodedWrite, needsOf } from '../../remote/encoded-write.ts';
import { RemoteError } from '../../remote/judged.ts';
import type { Stuck, WriteResult } from '../../store.ts';
import type { Connection } from '../connection.ts';

/** `locked`: somebody else holds its row, or it was not reached in time. */
type Answer = WriteResult | Stuck | 'locked';

/** Which letter of the answer means what; `k` is a row that somebody else holds, or one that was not reached in time. */
const results: Readonly<Record<string, Answer>> = {
  d: 'done',
  e: 'exists',
  c: 'conflict',
  m: 'missing',
  t: 'wrong-type',
  s: 'wrong-status',
  n: 'too-many',
  l: 'too-large',
  k: 'locked',
  w: stuckForOlder,
};

const kinds = { create: 1, update: 2, append: 3 } as const;

type Value = string | number | null | readonly Value[];

/** `commit`: a batch is one call of `write_1`. */
export class Writer {
  readonly #text: string;

  constructor(prefix: string) {
    this.#text = `call ${prefix}write_1(?, ?, ?, ?)`;
  }

  /**
   * Answers in the order given, whatever the order it is written in. All need the same format.
   * @throws RemoteError
   */
  async write(connection: Connection, batch: readonly EncodedWrite[]): Promise<Answer[]> {
    const sorted = [...batch.entries()].sort(([, one], [, other]) => byGid(one, other));
    const bytes = new Bytes();
    const writes = sorted.map(([, one]) => (one.kind === 'append' ? ofAppend(one, bytes) : ofWrite(one, bytes)));
    const [[row] = []] = await connection.call(this.#text, [
      JSON.stringify(writes),
      bytes.joined(),
      JSON.stringify(ownersOf(batch)),
      needsOf(batch),
    ]);
    const letters = typeof row?.[0] === 'string' ? row[0] : '';
    const answers: Answer[] = [];
    for (const [at, [index]] of sorted.entries()) {
      const result = results[letters[at] ?? ''];
      // What it has written is not known then.
      if (result === undefined) throw new RemoteError('unknown', `the answer to a batch is not understood: ${letters}`);
      answers[index] = result;
    }
    return answers;
  }
}

type Write = (some: readonly EncodedWrite[]) => Promise<Answer[]>;

/** When a row that somebody else holds is asked for again: all together as long as PostgreSQL waits for a lock. */
const pausesMs = [10, 40, 80, 120];

/**
 * Rows that nobody else holds are written at once; those that somebody holds are asked for again by calls of their own, and
 * are stuck where that is in vain. The server never waits for them: it counts in seconds, and may take two for one.
 * @throws RemoteError what `write` throws
 */
export async function writePatiently(writes: readonly EncodedWrite[], write: Write): Promise<Results> {
  const answers = await write(writes);
  for (const pauseMs of pausesMs) {
    const waiting = [...answers.keys()].filter((index) => answers[index] === 'locked');
    if (waiting.length === 0) break;
    await pause(pauseMs);
    const late = await write(waiting.flatMap((index) => writes[index] ?? []));
    for (const [at, index] of waiting.entries()) answers[index] = late[at] ?? 'locked';
  }
  return answers.map((answer) => (answer === 'locked' ? { stuck: 'somebody else holds its row' } : answer));
}

/** What is written as it is, one after the other, and where it is: MySQL counts from one. */
class Bytes {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  place(part: Uint8Array | string): [at: number, size: number] {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    const at = this.#length + 1;
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return [at, bytes.length];
  }

  joined(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }
}

function ownersOf(batch: readonly EncodedWrite[]): string[] {
  const owners = new Set<string>();
  for (const one of batch) if (one.kind !== 'append' && one.write.owner !== null) owners.add(one.write.owner);
  return [...owners].sort();
}

/** In the order that `write_1` reads. */
function ofWrite(
  { kind, write, progress, definition }: Exclude<EncodedWrite, { kind: 'append' }>,
  bytes: Bytes,
): readonly Value[] {
  const { status, dueMs, updatedMs, finishedMs, incident, reason } = progress.stored;
  const isUpdate = write.kind === 'update';
  return [
    ...[kinds[kind], write.gid, write.token, write.definition?.type ?? '', status, write.owner ?? ''],
    ...[(isUpdate && write.expectOwner) || '', isUpdate ? write.expectVersion : null],
    ...[dueMs, write.definition?.createdMs ?? null, updatedMs, finishedMs],
    ...[...bytes.place(incident), ...bytes.place(reason), ...bytes.place(progress.bytes), progress.checksum],
    ...(definition === undefined ? [null, null, null] : [...bytes.place(definition.bytes), definition.checksum]),
    isUpdate && write.setsAside === true ? 1 : 0,
  ];
}

function ofAppend(
  { kind, write, branches }: Extract<EncodedWrite, { kind: 'append' }>,
  bytes: Bytes,
): readonly Value[] {
  const { gid, token, type, whileStatus, dueMs = null, maxBranches, maxBytes } = write;
  const own = new Bytes();
  const listed = branches.map((branch, index): Value => {
    const { branchId = '', op = '' } = write.branches[index] ?? {};
    return [branchId, op, ...own.place(branch.bytes), branch.checksum];
  });
  const [at, size] = bytes.place(own.joined());
  return [
    ...[kinds[kind], gid, token, type, whileStatus, '', '', null, dueMs, null, null, null],
    ...[null, null, null, null, null, null, null, at, null, null, 0],
    ...[maxBranches, maxBytes, size, branches.length, listed],
  ];
}
