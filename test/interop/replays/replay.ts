import assert from 'node:assert/strict';
import { type RawAnswer, RawConnection } from './raw-connection.ts';
import type { SdkRequest } from './sdk-requests.ts';

/** Makes the bytes of a request. */
export type Dialect = (request: SdkRequest) => string;

/** A client that sends what an SDK sends, to the last byte, and looks at the answer as that SDK does. */
export class Replay {
  readonly #url: string;
  readonly #dialect: Dialect;
  readonly #keepsConnection: boolean;
  #kept: RawConnection | undefined;

  constructor(url: string, dialect: Dialect, { keepsConnection }: { readonly keepsConnection: boolean }) {
    this.#url = url;
    this.#dialect = dialect;
    this.#keepsConnection = keepsConnection;
  }

  get(route: string): Promise<RawAnswer> {
    return this.#send({ method: 'GET', path: `/api/dtmsvr/${route}`, host: this.#host }, this.#dialect);
  }

  post(route: string, body: unknown, dialect = this.#dialect): Promise<RawAnswer> {
    return this.#send({ method: 'POST', path: `/api/dtmsvr/${route}`, host: this.#host, body }, dialect);
  }

  /** Sends it, and expects the one answer that every SDK reads as success. */
  async does(route: string, body: unknown, dialect = this.#dialect): Promise<void> {
    const answer = await this.post(route, body, dialect);
    assert.deepEqual([answer.status, answer.body], [200, '{"dtm_result":"SUCCESS"}'], route);
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8', route);
  }

  /** A gid as the SDK asks for it: every value of the answer is a string. */
  async newGid(): Promise<string> {
    const { status, headers, body } = await this.get('newGid');
    const { dtm_result: result, gid, ...others } = JSON.parse(body);
    assert.deepEqual([status, result, typeof gid, others], [200, 'SUCCESS', 'string', {}]);
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
    return gid;
  }

  close(): void {
    this.#kept?.close();
  }

  get #host(): string {
    return new URL(this.#url).host;
  }

  async #send(request: SdkRequest, dialect: Dialect): Promise<RawAnswer> {
    const connection = this.#kept ?? (await RawConnection.open(this.#url));
    if (this.#keepsConnection) this.#kept = connection;
    try {
      const answer = await connection.send(dialect(request));
      if (!this.#keepsConnection && answer.headers.get('connection') === 'close') await connection.closed();
      return answer;
    } finally {
      if (!this.#keepsConnection) connection.close();
    }
  }
}
