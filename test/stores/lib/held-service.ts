import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that has arrived. Times are `performance.now()`. */
export interface HeldCall {
  readonly path: string;
  /** The coordinator that called; empty where its call does not say so. */
  readonly by: string;
  readonly arrivedMs: number;
  /** When its caller went away before it was answered. */
  cutMs: number | undefined;
}

/**
 * An HTTP service of the tests that answers some paths only when it is told to. It knows each call. A path that begins with
 * `/by/NAME/` says who calls.
 */
export class HeldService {
  readonly #server = createServer((request, response) => this.#called(request, response));
  readonly #calls = new Map<string, HeldCall[]>();
  readonly #held = new Set<string>();
  readonly #waiting = new Map<string, ((status: number) => void)[]>();
  readonly #statuses = new Map<string, number>();
  readonly #workMs = new Map<string, number>();
  /** In the order of their arrival. */
  readonly all: HeldCall[] = [];
  url = '';

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** From now on calls of that path wait for `release`. */
  hold(path: string): void {
    this.#held.add(path);
  }

  /** From now on a call of that path takes so long. */
  takes(path: string, workMs: number): void {
    this.#workMs.set(path, workMs);
  }

  /** Answers the calls that wait there, and those to come. */
  release(path: string, status = 200): void {
    this.#held.delete(path);
    this.#statuses.set(path, status);
    for (const answer of this.#waiting.get(path)?.splice(0) ?? []) answer(status);
  }

  /** In the order of their arrival. */
  calls(path: string): readonly HeldCall[] {
    return this.#calls.get(path) ?? [];
  }

  #called(request: IncomingMessage, response: ServerResponse): void {
    const [called = ''] = (request.url ?? '').split('?');
    const [, by = '', path = called] = /^\/by\/([^/]+)(\/.*)$/.exec(called) ?? [];
    const call: HeldCall = { path, by, arrivedMs: performance.now(), cutMs: undefined };
    append(this.#calls, path, call);
    this.all.push(call);
    request.resume();
    response.on('close', () => {
      if (!response.writableEnded) call.cutMs = performance.now();
    });
    const answer = (status: number) => {
      const said = { 200: 'SUCCESS', 409: 'FAILURE', 425: 'ONGOING' }[status] ?? 'no';
      response.writeHead(status, { 'content-type': 'application/json' }).end(`{"dtm_result":"${said}"}`);
    };
    const workMs = this.#workMs.get(path);
    if (this.#held.has(path)) append(this.#waiting, path, answer);
    else if (workMs !== undefined) setTimeout(answer, workMs, 200);
    else answer(this.#statuses.get(path) ?? 200);
  }
}

function append<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
