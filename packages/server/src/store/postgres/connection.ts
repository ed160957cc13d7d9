import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import pg from 'pg';
import type { Host } from '../remote/address.ts';
import { RemoteError } from '../remote/judged.ts';
import type { Session } from '../remote/pool.ts';
import type { Row } from '../remote/values.ts';
import { cancel } from './cancel.ts';
import { judge } from './errors.ts';
import { parsers } from './values.ts';

export interface ConnectionSettings {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Asked for each connection: files that were renewed are read again. Undefined: without TLS. */
  readonly tls: () => ConnectionOptions | undefined;
  readonly connectMs: number;
}

const toText = (text: string) => text;
const types = { getTypeParser: (oid: number) => parsers[oid] ?? toText };

/** A connection to one server. It may go through a pooler: nothing of it is used from one statement to the next. */
export class Connection implements Session {
  readonly #client: pg.Client;
  readonly #host: Host;
  readonly #tls: ConnectionOptions | undefined;
  #isLost = false;
  /** Something was asked, and what became of it is not known. */
  #isUnknown = false;
  /** The server has committed, and did not wait until its replica has it. */
  #isAlone = false;

  private constructor(client: pg.Client, host: Host, tls: ConnectionOptions | undefined) {
    this.#client = client;
    this.#host = host;
    this.#tls = tls;
    client.on('error', () => {
      this.#isLost = true;
    });
    client.on('end', () => {
      this.#isLost = true;
    });
    // Its code is that of any warning, and its text is in the language of the server.
    client.on('notice', ({ routine }) => {
      if (routine === 'SyncRepWaitForLSN') this.#isAlone = true;
    });
  }

  /** @throws RemoteError `unreached`, with what to do */
  static async open(host: Host, { tls, connectMs, ...who }: ConnectionSettings): Promise<Connection> {
    const ssl = filesOf(tls);
    const client = new pg.Client({
      ...who,
      ...host,
      ...(ssl !== undefined && { ssl }),
      application_name: 'holdfast',
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      types,
    });
    const connection = new Connection(client, host, ssl);
    try {
      await client.connect();
      return connection;
    } catch (error) {
      connection.end();
      const { message } = judge(error);
      throw new RemoteError('unreached', message, error);
    }
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** @throws RemoteError */
  async query(text: string, values: unknown[] = []): Promise<Row[]> {
    try {
      this.#isAlone = false;
      const { rows } = await this.#client.query<unknown[]>({ text, values, rowMode: 'array' });
      if (this.#isAlone) throw new RemoteError('unknown', 'the server has stopped waiting for its replica');
      return rows;
    } catch (error) {
      const judged = judge(error);
      if (judged.judgement === 'unknown') {
        this.#isLost = true;
        this.#isUnknown = true;
      }
      throw judged;
    }
  }

  end(): void {
    this.#isLost = true;
    // However it ends, nobody uses it any more.
    this.#client.end().catch(() => undefined);
  }

  destroy(): void {
    if (!this.#isLost || this.#isUnknown) this.#cancel();
    this.end();
  }

  #cancel(): void {
    const { processID, secretKey } = this.#client as unknown as { processID?: number; secretKey?: number };
    if (typeof processID !== 'number' || typeof secretKey !== 'number') return;
    cancel(this.#host, { processId: processID, secretKey }, this.#tls);
  }
}

/** @throws RemoteError `unreached` */
function filesOf(tls: ConnectionSettings['tls']): ConnectionOptions | undefined {
  try {
    const options = tls();
    const name = options?.servername;
    // The driver asks for the host's own name, whatever is set.
    return name === undefined
      ? options
      : { ...options, checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new RemoteError('unreached', `a file of store.tls cannot be read: ${text}`, error);
  }
}
