import { setTimeout as pause } from 'node:timers/promises';
import { stuckForOlder } from '../../newer.ts';
import type { Results } from '../../remote/batch.ts';
import { byGid, type EncodedWrite, needsOf } from '../../remote/encoded-write.ts';
import { RemoteError } from '../../remote/judged.ts';
import type { Stuck, WriteResult } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { type Encoded, quickOf } from './quick.ts';

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
    this.#text = `call ${prefix}write_1(?, ?, ?, ?, ?, ?)`;
  }

  /**
   * Answers in the order given, whatever the order it is written in. All need the same format.
   * @throws RemoteError
   */
  async write(connection: Connection, batch: readonly EncodedWrite[]): Promise<Answer[]> {
    const sorted = [...batch.entries()].sort(([, one], [, other]) => byGid(one, other));
    const quick = quickOf(batch);
    const answers = quick.size === 0 ? undefined : await this.#call(connection, sorted, quick);
    return answers ?? (await this.#call(connection, sorted, none)) ?? [];
  }

  /** Undefined: what was to be quick cannot be, and nothing was written. */
  async #call(
    connection: Connection,
    sorted: readonly Entry[],
    quick: ReadonlySet<EncodedWrite>,
  ): Promise<Answer[] | undefined> {
    const bytes = new Bytes();
    const creations: Value[] = [];
    const ends: Value[] = [];
    const writes: Value[] = [];
    const rest: number[] = [];
    const answers: Answer[] = [];
    for (const [index, one] of sorted) {
      answers[index] = 'done';
      if (one.kind === 'create' && quick.has(one)) creations.push(ofCreation(one, bytes));
      else if (one.kind === 'update' && quick.has(one)) ends.push(ofEnd(one, bytes));
      else {
        rest.push(index);
        writes.push(one.kind === 'append' ? ofAppend(one, bytes) : ofWrite(one, bytes));
      }
    }
    const [[row] = []] = await connection.call(this.#text, [
      JSON.stringify(creations),
      JSON.stringify(ends),
      JSON.stringify(writes),
      bytes.joined(),
      JSON.stringify(ownersOf(sorted)),
      needsOf(sorted.map(([, one]) => one)),
    ]);
    if (row?.[0] === null && quick.size > 0) return undefined;
    const letters = row?.[0];
    // What it has written is not known then.
    const wrong = () => new RemoteError('unknown', `the answer to a batch is not understood: ${String(letters)}`);
    if (typeof letters !== 'string' || letters.length !== rest.length) throw wrong();
    for (const [at, index] of rest.entries()) {
      const result = results[letters[at] ?? ''];
      if (result === undefined) throw wrong();
      answers[index] = result;
    }
    return answers;
  }
}

/** A write, and where it is in the batch. */
type Entry = readonly [index: number, one: EncodedWrite];

const none: ReadonlySet<EncodedWrite> = new Set();

type Write = (some: readonly EncodedWrite[]) => Promise<Answer[]>;

/** When a row that somebody else holds is asked for again: all together as long as PostgreSQL waits for a lock. */
const pausesMs = [10, 40, 80, 120];

/**
 * Rows that nobody else holds are written at once; those that somebody holds, or that the call had no time for, are asked for
 * again by calls of their own, and are stuck where that is in vain. The server never waits for them: it counts in seconds, and
 * may take two for one.
 * @throws RemoteError what the first call throws, and what leaves unknown whether a later one has written something
 */
export async function writePatiently(writes: readonly EncodedWrite[], write: Write): Promise<Results> {
  const answers = await write(writes);
  let stuck = 'somebody else holds its row, or the server was too slow to come to it';
  for (const pauseMs of pausesMs) {
    const waiting = [...answers.keys()].filter((index) => answers[index] === 'locked');
    if (waiting.length === 0) break;
    await pause(pauseMs);
    try {
      const late = await write(waiting.flatMap((index) => writes[index] ?? []));
      for (const [at, index] of waiting.entries()) answers[index] = late[at] ?? 'locked';
    } catch (error) {
      // The others are written: that these surely are not must not be said of the whole batch.
      if (!(error instanceof RemoteError) || error.judgement === 'unknown') throw error;
      stuck = error.message;
      break;
    }
  }
  return answers.map((answer) => (answer === 'locked' ? { stuck } : answer));
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

function ownersOf(batch: readonly Entry[]): string[] {
  const owners = new Set<string>();
  for (const [, one] of batch) if (one.kind !== 'append' && one.write.owner !== null) owners.add(one.write.owner);
  return [...owners].sort();
}

/** In the order that `write_1` reads, as all below. */
function ofCreation({ write, progress, definition }: Encoded<'create'>, bytes: Bytes): readonly Value[] {
  const { status, dueMs, updatedMs } = progress.stored;
  return [
    ...[write.gid, write.token, write.definition.type, status, write.owner ?? ''],
    ...[dueMs, write.definition.createdMs, updatedMs],
    ...[...bytes.place(progress.bytes), progress.checksum, ...bytes.place(definition.bytes), definition.checksum],
  ];
}

function ofEnd({ write, progress }: Encoded<'update'>, bytes: Bytes): readonly Value[] {
  const { dueMs, updatedMs, finishedMs } = progress.stored;
  return [
    ...[write.gid, write.expectOwner ?? '', write.expectVersion, write.token, dueMs, updatedMs, finishedMs],
    ...[...bytes.place(progress.bytes), progress.checksum],
  ];
}

function ofWrite({ kind, write, progress, definition }: Encoded<'create' | 'update'>, bytes: Bytes): readonly Value[] {
  const { status, dueMs, updatedMs, finishedMs, incident, reason } = progress.stored;
  const isUpdate = write.kind === 'update';
  return [
    ...[kinds[kind], write.gid, write.token, write.definition?.type ?? '', status, write.owner ?? ''],
    ...[(isUpdate && write.expectOwner) || '', isUpdate ? write.expectVersion : null],
    ...[dueMs, write.definition?.createdMs ?? null, updatedMs, finishedMs],
    ...[...bytes.place(incident), ...bytes.place(reason), ...bytes.place(progress.bytes), progress.checksum],
    ...(definition === undefined ? [null, null, null] : [...bytes.place(definition.bytes), definition.checksum]),
    isUpdate && write.setsAside === true ? 1 : 0,
    ...[null, null, null, (isUpdate ? write.expectBranches : undefined) ?? null],
  ];
}

function ofAppend({ kind, write, branches }: Encoded<'append'>, bytes: Bytes): readonly Value[] {
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
    ...[maxBranches, maxBytes, size, branches.length, ...bytes.place(JSON.stringify(listed))],
  ];
}
