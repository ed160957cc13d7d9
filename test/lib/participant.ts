import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Ledger } from './ledger.ts';

/** One call of the coordinator, as it arrived. */
export interface ArrivedCall {
  readonly gid: string;
  readonly branchId: string;
  readonly op: string;
  /** When the connection it came on was opened: tells calls of one life of the coordinator from those of another. */
  readonly connectedMs: number;
  readonly arrivedMs: number;
}

/** How a participant behaves when called; travels in the query of the branch's URL. */
export interface Behaviour {
  readonly delta?: number;
  /** The first so many calls are answered 425 before anything is done. */
  readonly ongoing?: number;
  /** The first so many calls are answered 500, every other of them after the work was done. */
  readonly errors?: number;
  /** Refuses, for good; after what is ongoing. */
  readonly fail?: boolean;
  /** Answers this much later than it has done its work. */
  readonly slowMs?: number;
  /** The body that must arrive. */
  readonly body?: string;
}

export function behaviourQuery({ delta = 0, ongoing = 0, errors = 0, fail, slowMs = 0, body }: Behaviour): string {
  const query = new URLSearchParams({ delta: String(delta) });
  if (ongoing > 0) query.set('ongoing', String(ongoing));
  if (errors > 0) query.set('errors', String(errors));
  if (fail === true) query.set('fail', '1');
  if (slowMs > 0) query.set('slow', String(slowMs));
  if (body !== undefined) query.set('body', body);
  return query.toString();
}

/** A real HTTP service with a ledger behind a barrier. It lives in the test's own process and outlives the coordinator. */
export class Participant {
  readonly ledger = new Ledger();
  /** What should never arrive: wrong bodies, wrong methods, missing names. */
  readonly defects: string[] = [];
  readonly #server: Server;
  readonly #callCounts = new Map<string, number>();
  readonly #open = new Map<string, number>();
  #url = '';
  callCount = 0;
  /** Watches every call before it is worked on. */
  onCall: (call: ArrivedCall) => void = () => undefined;
  /** Runs the rest of a workflow, and says with what status to answer. */
  onCallback: (gid: string) => Promise<number> = () => Promise.resolve(404);

  constructor() {
    const connectedMs = new WeakMap<object, number>();
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const bornMs = connectedMs.get(request.socket) ?? 0;
        this.#handle(request, response, Buffer.concat(chunks).toString(), bornMs);
      });
    });
    this.#server.on('connection', (socket) => connectedMs.set(socket, performance.now()));
  }

  get url(): string {
    return this.#url;
  }

  /** The gids with a call that has arrived and is not answered yet. */
  get openGids(): string[] {
    return [...this.#open.keys()];
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the participant has no port');
    this.#url = `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(request: IncomingMessage, response: ServerResponse, body: string, connectedMs: number): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#url);
    const [gid = '', branchId = '', op = ''] = ['gid', 'branch_id', 'op'].map((key) => searchParams.get(key) ?? '');
    if (gid === '' || branchId === '' || op === '') this.defects.push(`a call without identity: ${request.url}`);
    const expectedBody = searchParams.get('body') ?? '';
    const expectedMethod = expectedBody === '' && pathname !== '/xa' ? 'GET' : 'POST';
    if (body !== expectedBody || request.method !== expectedMethod) {
      this.defects.push(`${gid} ${branchId} ${op}: ${request.method} with body ${body} instead of ${expectedBody}`);
    }
    this.callCount += 1;
    if (pathname === '/workflow') {
      // Not among what must be called again at once: a workflow goes on by itself.
      void this.onCallback(gid).then((status) => response.writeHead(status).end());
      return;
    }
    this.#open.set(gid, (this.#open.get(gid) ?? 0) + 1);
    this.onCall({ gid, branchId, op, connectedMs, arrivedMs: performance.now() });
    const status = this.#work(pathname, searchParams, gid, branchId, op);
    const answer = () => {
      const open = (this.#open.get(gid) ?? 1) - 1;
      if (open === 0) this.#open.delete(gid);
      else this.#open.set(gid, open);
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    };
    const slowMs = Number(searchParams.get('slow') ?? 0);
    if (slowMs === 0) answer();
    else setTimeout(answer, slowMs);
  }

  /** Does the work, if it is to be done, and says with what status to answer. */
  #work(path: string, query: URLSearchParams, gid: string, branchId: string, op: string): number {
    const count = (this.#callCounts.get(`${gid} ${branchId} ${op}`) ?? 0) + 1;
    this.#callCounts.set(`${gid} ${branchId} ${op}`, count);
    if (count <= Number(query.get('ongoing') ?? 0)) return 425;
    if (query.has('fail')) return 409;
    const isError = count <= Number(query.get('errors') ?? 0);
    if (isError && count % 2 === 1) return 500;
    if (path === '/query') return this.ledger.queryPrepared(gid) === 'committed' ? 200 : 409;
    this.ledger.pass(gid, branchId, op, Number(query.get('delta') ?? 0));
    return isError ? 500 : 200;
  }
}
