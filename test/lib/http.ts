import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
  /** Of the `Warning` header. */
  readonly warning?: string | undefined;
}

/** Asks one coordinator, or one of several. Where an answer does not come it rejects: then nobody knows what was done. */
export type Asking = Pick<HttpCaller, 'get' | 'post'>;

/** Keep-alive HTTP calls to one base URL, or to any of several, of which one is chosen for each call. A connection that breaks rejects: then nobody knows what was done. */
export class HttpCaller {
  readonly #baseUrl: () => string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #timeoutMs: number;

  constructor(baseUrl: string | (() => string), timeoutMs = 30_000) {
    this.#baseUrl = typeof baseUrl === 'string' ? () => baseUrl : baseUrl;
    this.#timeoutMs = timeoutMs;
  }

  post(path: string, body: object): Promise<Answer> {
    return this.#send('POST', path, JSON.stringify(body));
  }

  get(path: string): Promise<Answer> {
    return this.#send('GET', path, '');
  }

  delete(path: string): Promise<Answer> {
    return this.#send('DELETE', path, '');
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const signal = AbortSignal.timeout(this.#timeoutMs);
      const sent = request(this.#baseUrl() + path, { method, agent: this.#agent, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('aborted', () => reject(new Error('the answer broke off')));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { 'retry-after': retryAfter, warning } = response.headers;
          resolve({ status: response.statusCode ?? 0, text, retryAfter, warning });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
