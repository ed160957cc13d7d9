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

/** The parameters of `write_1`, in its order: of each write one value, null where it has none. */
const columns = [
  ['kinds', 'smallint'],
  ['gids', 'text'],
  ['tokens', 'text'],
  ['types', 'text'],
  ['statuses', 'text'],
  ['owners', 'text'],
  ['expectOwners', 'text'],
  ['expectVersions', 'bigint'],
  ['dues', 'bigint'],
  ['created', 'bigint'],
  ['updated', 'bigint'],
  ['finished', 'bigint'],
  ['incidents', 'text'],
  ['reasons', 'text'],
  ['progresses', 'bytea'],
  ['checksums', 'integer'],
  ['definitions', 'bytea'],
  ['definitionChecksums', 'integer'],
  ['setAsides', 'bool'],
  ['firstBranches', 'integer'],
  ['branchCounts', 'integer'],
  ['mostBranches', 'bigint'],
  ['mostBytes', 'bigint'],
] as const;

type Value = string | number | boolean | Uint8Array | null;
type Columns = Partial<Record<(typeof columns)[number][0], Value>>;

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
    if (one.kind === 'append') {
      const firstBranches = branches.ids.length + firstIndex;
      for (const [index, { branchId, op }] of one.write.branches.entries()) {
        branches.ids.push(branchId);
        branches.ops.push(op);
        branches.bytes.push(one.branches[index]?.bytes ?? null);
        branches.checksums.push(one.branches[index]?.checksum ?? null);
      }
      return columnsOfAppend(one, firstBranches);
    }
    if (one.write.owner !== null) owners.add(one.write.owner);
    return columnsOf(one);
  });
  return [
    ...columns.map(([name, type]) =>
      arrayOf(
        type,
        rows.map((row) => row[name] ?? null),
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
  const { status, dueMs, updatedMs, finishedMs, incident, reason } = progress.stored;
  return {
    kinds: kinds[kind],
    gids: write.gid,
    tokens: write.token,
    types: write.definition?.type ?? null,
    statuses: status,
    owners: write.owner,
    dues: dueMs,
    created: write.definition?.createdMs ?? null,
    updated: updatedMs,
    finished: finishedMs,
    incidents: incident,
    reasons: reason,
    progresses: progress.bytes,
    checksums: progress.checksum,
    definitions: definition?.bytes ?? null,
    definitionChecksums: definition?.checksum ?? null,
    ...(write.kind === 'update' && {
      expectOwners: write.expectOwner,
      expectVersions: write.expectVersion,
      setAsides: write.setsAside === true,
    }),
  };
}

function columnsOfAppend({ write }: Extract<EncodedWrite, { kind: 'append' }>, firstBranches: number): Columns {
  const { gid, token, type, whileStatus, dueMs = null, branches, maxBranches, maxBytes } = write;
  return {
    kinds: kinds.append,
    gids: gid,
    tokens: token,
    types: type,
    statuses: whileStatus,
    dues: dueMs,
    firstBranches,
    branchCounts: branches.length,
    mostBranches: maxBranches,
    mostBytes: maxBytes,
  };
}
