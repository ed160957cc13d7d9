import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

/** One request as it arrived at a branch. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The query as it was sent. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body, where it is no text. */
  readonly bytes: Buffer;
  readonly atMs: number;
}

export interface Scripted {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers this much later. */
  readonly afterMs?: number;
}

export const ok: Scripted = { status: 200, body: '{"dtm_result":"SUCCESS"}' };
export const failure: Scripted = { status: 409, body: '{"error":"no money"}' };
export const ongoing: Scripted = { status: 425, body: 'ONGOING' };
export const broken: Scripted = { status: 500, body: 'oops' };

/** Calls by the last part of their paths: `out in`. */
export const short = (calls: readonly string[]): string => calls.map((path) => path.split('/').at(-1)).join(' ');

/** A branch server that answers as the test scripts it, per path: each answer once, then 200. */
export class ScriptedService {
  readonly arrived: Arrived[] = [];
  readonly #scripts = new Map<string, Scripted[]>();
  readonly #server: Server;
  url = '';

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { pathname, search, searchParams } = new URL(request.url ?? '/', 'http://service');
        this.arrived.push({
          method: request.method ?? '',
          path: pathname,
          query: Object.fromEntries(searchParams),
          search,
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
          bytes: Buffer.concat(chunks),
          atMs: performance.now(),
        });
        const { status = 200, body = '', headers = {}, afterMs = 0 } = this.#scripts.get(pathname)?.shift() ?? ok;
        const answer = () => response.writeHead(status, headers).end(body);
        if (afterMs === 0) answer();
        else setTimeout(answer, afterMs);
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the service has no port');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The next calls of this path are answered so. */
  script(path: string, ...answers: Scripted[]): string {
    this.#scripts.set(path, [...(this.#scripts.get(path) ?? []), ...answers]);
    return this.url + path;
  }

  /** Paths called for this gid, in order. */
  callsOf(gid: string): string[] {
    return this.arrived.filter(({ query }) => query['gid'] === gid).map(({ path }) => path);
  }
}
