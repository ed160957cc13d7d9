import assert from 'node:assert/strict';
import type { HttpCaller } from '../lib/http.ts';

export const second = 1000;
export const minute = 60 * second;

/** What came of a request of development: who was driven, and whether calls are still out. */
export interface Progressed {
  readonly driven: readonly string[];
  readonly idle: boolean;
}

/** The clock of `holdfast dev`: time passes where a test says so, to the millisecond, and nowhere else. */
export class ManualClock {
  readonly #http: HttpCaller;

  constructor(http: HttpCaller) {
    this.#http = http;
  }

  async nowMs(): Promise<number> {
    const { status, text } = await this.#http.get('/api/dev/clock');
    assert.equal(status, 200, text);
    return JSON.parse(text).nowMs;
  }

  /** Moves the time; what is due on the way has been done. */
  advance(advanceMs: number): Promise<Progressed> {
    return this.#ask('clock', { advanceMs });
  }

  /** What is due now has been done. */
  settle(): Promise<Progressed> {
    return this.#ask('settle', {});
  }

  /** The next call of this branch is answered so much later, on this clock. */
  async delay(url: string, delayMs: number): Promise<void> {
    await this.#ask('faults', { url, kind: 'delay', delayMs });
  }

  async #ask(route: string, body: object): Promise<Progressed> {
    const { status, text } = await this.#http.post(`/api/dev/${route}`, body);
    assert.equal(status, 200, text);
    return JSON.parse(text);
  }
}
