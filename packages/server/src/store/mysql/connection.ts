import type { SslOptions } from 'mysql2';
import { createConnection, type Connection as Driver } from 'mysql2/promise';
import type { Host } from '../remote/address.ts';
import { RemoteError } from '../remote/judged.ts';
import type { Session } from '../remote/pool.ts';
import { numberAt, type Row, textAt } from '../remote/values.ts';
import { judge } from './errors.ts';

export interface ConnectionSettings {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: SslOptions | undefined;
  readonly connectMs: number;
}

/** Numbers become floating-point numbers on their way, which hold all integers of ours. */
export type Parameter = string | number | Uint8Array | null;

/** A connection to one server. Nothing of it is used from one statement to the next. */
export class Connection implements Session {
  /** When the server was started, in seconds of its clock; it may be a little off. */
  startedSeconds = 0;
  readonly #driver: Driver;
  readonly #host: Host;
  readonly #settings: ConnectionSettings;
  #isLost = false;

  private constructor(driver: Driver, host: Host, settings: ConnectionSettings) {
    this.#driver = driver;
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
    try {
      const connection = new Connection(await connectDriver(host, settings), host, settings);
      connection.startedSeconds = await connection.#readStart();
      return connection;
    } catch (error) {
      throw new RemoteError('unreached', judge(error).message, error);
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
    this.#driver.end().catch(() => this.#driver.destroy());
  }

  destroy(): void {
    if (!this.#isLost) this.#kill();
    this.#isLost = true;
    this.#driver.destroy();
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
      if (judged.judgement === 'unknown') this.#isLost = true;
      throw judged;
    }
  }

  async #readStart(): Promise<number> {
    const [uptime = []] = await this.query("show global status like 'Uptime'");
    const [now = []] = await this.query('select unix_timestamp()');
    return numberAt(now, 0) - Number(textAt(uptime, 1));
  }

  /** On a connection of its own. It is a favour: the conditional write that is issued again decides. */
  #kill(): void {
    const { threadId } = this.#driver;
    if (!Number.isSafeInteger(threadId)) return;
    connectDriver(this.#host, this.#settings)
      .then(
        (driver) => driver.query('kill ?', [threadId]).finally(() => driver.destroy()),
        () => undefined,
      )
      .catch(() => undefined);
  }
}

function connectDriver(host: Host, { tls, connectMs, ...who }: ConnectionSettings): Promise<Driver> {
  return createConnection({
    ...who,
    ...host,
    ...(tls !== undefined && { ssl: tls }),
    connectTimeout: connectMs,
    charset: 'utf8mb4',
    enableKeepAlive: true,
    rowsAsArray: true,
    // What JavaScript cannot hold stays text: its row is damaged.
    supportBigNumbers: true,
    flags: ['-FOUND_ROWS'],
    maxPreparedStatements: 64,
  });
}
