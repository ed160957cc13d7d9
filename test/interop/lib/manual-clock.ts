import assert from 'node:assert/strict';
import type { HttpCaller } from '../../lib/http.ts';

/** The clock of `holdfast dev`. */
export class ManualClock {
  readonly #http: HttpCaller;

  constructor(http: HttpCaller) {
    this.#http = http;
  }

  /** Until all has happened that follows from what was done. */
  settle(): Promise<void> {
    return this.#post('settle', {});
  }

  /** Moves the time on, and until all has happened that follows from it. */
  advance(seconds: number): Promise<void> {
    return this.#post('clock', { advanceMs: seconds * 1000 });
  }

  async #post(route: string, body: object): Promise<void> {
    const { status, text } = await this.#http.post(`/api/dev/${route}`, body);
    assert.equal(status, 200, text);
    assert.equal(JSON.parse(text).idle, true, text);
  }
}
