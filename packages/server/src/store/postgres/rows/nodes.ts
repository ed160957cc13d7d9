import { damaged } from '../../codec.ts';
import type { Heartbeat, NodeBeat } from '../../nodes.ts';
import type { HeardThere, Nodes as IsNodes } from '../../remote/dialect.ts';
import type { SchemaState } from '../../remote/migrator.ts';
import type { Connection } from '../connection.ts';

export class Nodes implements IsNodes<Connection> {
  readonly #heartbeat: string;
  readonly #retire: string;
  readonly #drain: string;
  readonly #format: number;

  /** @param format what this program knows of the format of rows */
  constructor(schema: string, format: number) {
    this.#format = format;
    this.#heartbeat = `call ${schema}.heartbeat_1($1, $2, $3, $4, $5, $6, null)`;
    this.#retire = `call ${schema}.retire_1($1, $2, null)`;
    this.#drain = `call ${schema}.drain_1($1, null)`;
  }

  async heartbeat(connection: Connection, beat: Heartbeat, dueFromMs: number): Promise<HeardThere> {
    const { incarnation, node, version, isDraining } = beat;
    const values = [incarnation, node, version, this.#format, isDraining, dueFromMs];
    const [row = []] = await connection.query(this.#heartbeat, values);
    return toHeard(JSON.parse(String(row[0])));
  }

  async retire(connection: Connection, incarnation: string, count: number | undefined): Promise<void> {
    await connection.query(this.#retire, [incarnation, count ?? null]);
  }

  async drain(connection: Connection, incarnation: string): Promise<boolean> {
    const [row = []] = await connection.query(this.#drain, [incarnation]);
    return row[0] === true;
  }
}

/** It is made by a statement of ours; what may be missing in it is null. */
function toHeard(value: {
  clockMs: number;
  server: string;
  nextDueMs: number | null;
  schema: SchemaState | null;
  nodes: NodeBeat[] | null;
}): HeardThere {
  const { clockMs, server, nextDueMs, schema, nodes } = value;
  if (!Number.isSafeInteger(clockMs) || nodes === null || schema === null)
    throw damaged('heartbeat', 'its answer is not what belongs there');
  return { clockMs, server, nextDueMs: nextDueMs ?? undefined, schema, nodes };
}
