import type { Heartbeat, NodeBeat } from '../../nodes.ts';
import type { HeardThere, Nodes as IsNodes } from '../../remote/dialect.ts';
import { numberAt, type Row, textAt } from '../../remote/values.ts';
import type { Connection } from '../connection.ts';

export class Nodes implements IsNodes<Connection> {
  readonly #heartbeat: string;
  readonly #retire: string;
  readonly #drain: string;
  readonly #format: number;

  /** @param format what this program knows of the format of rows */
  constructor(prefix: string, format: number) {
    this.#format = format;
    this.#heartbeat = `call ${prefix}heartbeat_1(?, ?, ?, ?, ?, ?, ?)`;
    this.#retire = `call ${prefix}retire_1(?, ?)`;
    this.#drain = `call ${prefix}drain_1(?)`;
  }

  async heartbeat(connection: Connection, beat: Heartbeat, dueFromMs: number): Promise<HeardThere> {
    const { incarnation, node, version, isDraining } = beat;
    const said = [incarnation, node, version, this.#format, isDraining ? 1 : 0];
    const [[row = []] = [], nodes = []] = await connection.call(this.#heartbeat, [
      ...said,
      connection.server.startedSeconds,
      dueFromMs,
    ]);
    return {
      clockMs: numberAt(row, 0),
      server: textAt(row, 1),
      nextDueMs: row[2] === null ? undefined : numberAt(row, 2),
      schema: { version: numberAt(row, 3), oldest: numberAt(row, 4), oldestName: textAt(row, 5) },
      nodes: nodes.map(toNode),
    };
  }

  async retire(connection: Connection, incarnation: string, count: number | undefined): Promise<void> {
    await connection.call(this.#retire, [incarnation, count ?? null]);
  }

  async drain(connection: Connection, incarnation: string): Promise<boolean> {
    const [[row = []] = []] = await connection.call(this.#drain, [incarnation]);
    return row[0] === 1;
  }
}

function toNode(row: Row): NodeBeat {
  return {
    incarnation: textAt(row, 0),
    node: textAt(row, 1),
    version: textAt(row, 2),
    format: numberAt(row, 3),
    isDraining: numberAt(row, 4) === 1,
    startedMs: numberAt(row, 5),
    beatMs: numberAt(row, 6),
    count: numberAt(row, 7),
    isDrainAsked: numberAt(row, 8) === 1,
  };
}
