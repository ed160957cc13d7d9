import assert from 'node:assert/strict';
import { type Answer, HttpCaller } from '../lib/http.ts';
import { until } from '../lib/until.ts';

export interface QueriedTransaction {
  readonly status: string;
  readonly trans_type: string;
  readonly rollback_reason?: string;
  readonly next_cron_interval?: number;
  readonly next_cron_time?: string;
  readonly create_time: string;
  readonly [key: string]: unknown;
}

export interface QueriedBranch {
  readonly branch_id: string;
  readonly op: string;
  readonly status: string;
  readonly url: string;
  readonly [key: string]: unknown;
}

/** Speaks to dtm's HTTP routes as an SDK does. */
export class DtmClient {
  readonly http: HttpCaller;
  readonly #prefix = `e${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  #gids = 0;

  constructor(url: string | (() => string)) {
    this.http = new HttpCaller(url);
  }

  close(): void {
    this.http.close();
  }

  newGid(): string {
    this.#gids += 1;
    return `${this.#prefix}-${this.#gids}`;
  }

  post(route: string, body: object): Promise<Answer> {
    return this.http.post(`/api/dtmsvr/${route}`, body);
  }

  get(route: string): Promise<Answer> {
    return this.http.get(`/api/dtmsvr/${route}`);
  }

  /** Sends it, and expects success. */
  async does(route: string, body: object): Promise<void> {
    const { status, text } = await this.post(route, body);
    assert.deepEqual([status, text], [200, '{"dtm_result":"SUCCESS"}'], route);
  }

  async query(gid: string): Promise<{ transaction: QueriedTransaction; branches: QueriedBranch[] }> {
    const { status, text } = await this.get(`query?gid=${encodeURIComponent(gid)}`);
    assert.equal(status, 200);
    const { transaction, branches } = JSON.parse(text);
    assert.notEqual(transaction, null, `${gid} is stored`);
    return { transaction, branches };
  }

  async statusOf(gid: string): Promise<string> {
    return (await this.query(gid)).transaction.status;
  }

  /** P, S or F per branch operation, in stored order. */
  async branchesOf(gid: string): Promise<string> {
    const letters: Readonly<Record<string, string>> = { prepared: 'P', succeed: 'S', failed: 'F' };
    return (await this.query(gid)).branches.map(({ status }) => letters[status] ?? '?').join('');
  }

  /** What an operator does after an outage; here: the next retry, without waiting for its time. */
  retryNow(gid: string): Promise<void> {
    return this.does('resetNextCronTime', { gid });
  }

  untilStatus(gid: string, status: string, limitMs = 10_000): Promise<void> {
    return until(`${gid} is ${status}`, async () => (await this.statusOf(gid)) === status, limitMs);
  }
}
