import { stuckForOlder } from '../../newer.ts';
import { byGid, type EncodedWrite, needsOf } from '../../remote/encoded-write.ts';
import { RemoteError } from '../../remote/judged.ts';
import type { Stuck, WriteResult } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { arrayOf } from '../values.ts';

/** Which letter of the answer means what. */
const results: Readonly<Record<string, WriteResult | Stuck>> = {
  d: 'done',
  e: 'exists',
  c: 'conflict',
  m: 'missing',
  t: 'wrong-type',
  s: 'wrong-status',
  n: 'too-many',
  l: 'too-large',
  w: stuckForOlder,
};

const kinds = { create: 1, update: 2, append: 3 } as const;

/** The types of the first parameters of `write_1`, in its order: each has one value for each write. */
const columns = [
  ...(['smallint', 'text', 'text', 'text', 'text', 'text', 'text'] as const), // kind, gid, token, type, status, owners
  ...(['bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'text', 'text'] as const), // version, times, incident, reason
  ...(['bytea', 'integer', 'bytea', 'integer', 'bool'] as const), // progress, definition, whether it sets aside
  ...(['integer', 'integer', 'bigint', 'bigint'] as const), // branches and their limits
] as const;

type Value = string | number | boolean | Uint8Array | null;
/** Of one write, null where it has none. */
type Columns = readonly Value[];

/** PostgreSQL counts from one. */
const firstIndex = 1;

/** `commit`: a batch is one call of `write_1`. */
export class Writer {
  readonly #text: string;

  constructor(schema: string) {
    const parameters = Array.from({ length: columns.length + 6 }, (_, index) => `$${index + 1}`);
    this.#text = `call ${schema}.write_1(${parameters.join(', ')}, null)`;
  }

  /**
   * Answers in the order given, whatever the order it is written in. All need the same format.
   * @throws RemoteError
   */
  async write(connection: Connection, batch: readonly EncodedWrite[]): Promise<(WriteResult | Stuck)[]> {
    const sorted = [...batch.entries()].sort(([, one], [, other]) => byGid(one, other));
    const [row] = await connection.query(this.#text, parametersOf(sorted.map(([, one]) => one)));
    const letters = typeof row?.[0] === 'string' ? row[0] : '';
    const answers: (WriteResult | Stuck)[] = [];
    for (const [at, [index]] of sorted.entries()) {
      const result = results[letters[at] ?? ''];
      // What it has written is not known then.
      if (result === undefined) throw new RemoteError('unknown', `the answer to a batch is not understood: ${letters}`);
      answers[index] = result;
    }
    return answers;
  }
}

function parametersOf(batch: readonly EncodedWrite[]): (Buffer | number)[] {
  const branches = { ids: [] as Value[], ops: [] as Value[], bytes: [] as Value[], checksums: [] as Value[] };
  const owners = new Set<string>();
  const rows = batch.map((one): Columns => {
    if (one.kind !== 'append') {
      if (one.write.owner !== null) owners.add(one.write.owner);
      return columnsOf(one);
    }
    const firstBranches = branches.ids.length + firstIndex;
    for (const [index, { branchId, op }] of one.write.branches.entries()) {
      branches.ids.push(branchId);
      branches.ops.push(op);
      branches.bytes.push(one.branches[index]?.bytes ?? null);
      branches.checksums.push(one.branches[index]?.checksum ?? null);
    }
    return columnsOfAppend(one, firstBranches);
  });
  return [
    ...columns.map((type, column) =>
      arrayOf(
        type,
        rows.map((row) => row[column] ?? null),
      ),
    ),
    arrayOf('text', branches.ids),
    arrayOf('text', branches.ops),
    arrayOf('bytea', branches.bytes),
    arrayOf('integer', branches.checksums),
    arrayOf('text', [...owners].sort()),
    needsOf(batch),
  ];
}

function columnsOf({ kind, write, progress, definition }: Exclude<EncodedWrite, { kind: 'append' }>): Columns {
  const { gid, token, owner } = write;
  const { status, dueMs, updatedMs, finishedMs, incident, reason } = progress.stored;
  const { expectOwner, expectVersion, expectBranches, setsAside } = { ...noExpectation, ...write };
  const type = write.definition?.type ?? null;
  const createdMs = write.definition?.createdMs ?? null;
  const bytes = definition?.bytes ?? null;
  const checksum = definition?.checksum ?? null;
  return [
    ...[kinds[kind], gid, token, type, status, owner, expectOwner, expectVersion],
    ...[dueMs, createdMs, updatedMs, finishedMs],
    ...[incident, reason, progress.bytes, progress.checksum, bytes, checksum, setsAside],
    ...[null, expectBranches],
  ];
}

/** A create expects no row, and sets nothing aside. */
const noExpectation = { expectOwner: null, expectVersion: null, expectBranches: null, setsAside: false } as const;

function columnsOfAppend({ write }: Extract<EncodedWrite, { kind: 'append' }>, firstBranches: number): Columns {
  const { gid, token, type, whileStatus, dueMs = null, branches, maxBranches, maxBytes } = write;
  const none = null;
  return [
    ...[kinds.append, gid, token, type, whileStatus, none, none, none, dueMs, none, none, none],
    ...[none, none, none, none, none, none, none, firstBranches, branches.length, maxBranches, maxBytes],
  ];
}
