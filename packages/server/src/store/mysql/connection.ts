import { connect as connectSocket, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { SslOptions } from 'mysql2';
import { createConnection, type Connection as Driver, type ConnectionOptions as DriverOptions } from 'mysql2/promise';
import type { Host } from '../remote/address.ts';
import { RemoteError } from '../remote/judged.ts';
import type { Session } from '../remote/pool.ts';
import type { Row } from '../remote/values.ts';
import { judge } from './errors.ts';
import { asMember, lookAtServer, type SeenServer } from './server.ts';

export interface ConnectionSettings {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Asked for each connection: files that were renewed are read again. Undefined: without TLS. */
  readonly tls: () => ConnectionOptions | undefined;
  readonly connectMs: number;
}

/** Numbers become floating-point numbers on their way, which hold all integers of ours. */
export type Parameter = string | number | Uint8Array | null;

/** A connection to one server. Nothing of it is used from one statement to the next. */
export class Connection implements Session {
  /** What the server was when the connection was made. */
  readonly server: SeenServer;
  readonly #driver: Driver;
  readonly #link: Link;
  readonly #host: Host;
  readonly #settings: ConnectionSettings;
  #isLost = false;
  /** Something was asked, and what became of it is not known. */
  #isUnknown = false;

  private constructor(link: Link, server: SeenServer, host: Host, settings: ConnectionSettings) {
    const { driver } = link;
    this.server = server;
    this.#driver = driver;
    this.#link = link;
    this.#host = host;
    this.#settings = settings;
    const lost = () => {
      this.#isLost = true;
    };
    driver.on('error', lost);
    driver.on('end', lost);
  }

  /** @throws RemoteError `unreached`, with what to do */
  static async open(host: Host, settings: ConnectionSettings): Promise<Connection> {
    let link: Link | undefined;
    try {
      link = await connectLink(host, settings);
      const { driver } = link;
      const server = await lookAtServer(driver, settings.connectMs);
      // One that is cut off says so, and can wait for nobody.
      if (server.isMember && server.isWritable) await driver.query({ sql: asMember, timeout: settings.connectMs });
      return new Connection(link, server, host, settings);
    } catch (error) {
      if (link !== undefined) destroyLink(link);
      throw new RemoteError('unreached', judge(error, 'no connection was made').message, error);
    }
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** A statement that reads. @throws RemoteError */
  async query(text: string, values: readonly Parameter[] = []): Promise<Row[]> {
    const rows: unknown = await this.#execute(text, values);
    return Array.isArray(rows) ? rows : [];
  }

  /** A call of a procedure: the rows of each of its results. @throws RemoteError */
  async call(text: string, values: readonly Parameter[] = []): Promise<Row[][]> {
    const results: unknown = await this.#execute(text, values);
    return Array.isArray(results) ? results.filter((one) => Array.isArray(one)) : [];
  }

  /** A statement that cannot be prepared, such as one that creates a procedure. @throws RemoteError */
  async run(text: string): Promise<void> {
    await this.#judged(this.#driver.query(text));
  }

  end(): void {
    this.#isLost = true;
    // However it ends, nobody uses it any more.
    this.#driver.end().catch(() => destroyLink(this.#link));
  }

  destroy(): void {
    if (!this.#isLost || this.#isUnknown) this.#kill();
    this.#isLost = true;
    destroyLink(this.#link);
  }

  async #execute(text: string, values: readonly Parameter[]): Promise<unknown> {
    const [result] = await this.#judged(this.#driver.execute(text, [...values]));
    return result;
  }

  async #judged<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const judged = judge(error);
      if (judged.judgement === 'unknown') {
        this.#isLost = true;
        this.#isUnknown = true;
      }
      throw judged;
    }
  }

  /** On a connection of its own. It is a favour: the conditional write that is issued again decides. */
  #kill(): void {
    const { threadId } = this.#driver;
    if (!Number.isSafeInteger(threadId)) return;
    connectLink(this.#host, this.#settings)
      .then((link) =>
        link.driver.query({ sql: 'kill ?', timeout: killMs }, [threadId]).finally(() => destroyLink(link)),
      )
      .catch(() => undefined);
  }
}

const killMs = 1000;

/** The socket is ours: what the driver calls destroying leaves it open until the server has closed its side. */
interface Link {
  readonly driver: Driver;
  readonly socket: Socket;
}

function destroyLink({ driver, socket }: Link): void {
  // First the driver is told that this is no error.
  driver.destroy();
  socket.destroy();
}

async function connectLink(host: Host, { tls, connectMs, ...who }: ConnectionSettings): Promise<Link> {
  const options = tls();
  const socket = connectSocket({ ...host, noDelay: true, keepAlive: true });
  const driver = await connectDriver(socket, {
    ...who,
    ...host,
    ...(options !== undefined && tlsOf(host, options)),
    stream: () => socket,
    connectTimeout: connectMs,
    charset: 'utf8mb4',
    rowsAsArray: true,
    // What JavaScript cannot hold stays text: its row is damaged.
    supportBigNumbers: true,
    flags: ['-FOUND_ROWS'],
    maxPreparedStatements: 64,
  });
  return { driver, socket };
}

async function connectDriver(socket: Socket, options: DriverOptions): Promise<Driver> {
  try {
    return await createConnection(options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The driver checks the certificate against what it takes for the name of the host. */
function tlsOf({ host }: Host, { ca, cert, key, servername }: ConnectionOptions): { ssl: SslOptions; host: string } {
  const files = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined));
  return { ssl: { ...files, rejectUnauthorized: true, verifyIdentity: true }, host: servername ?? host };
}
