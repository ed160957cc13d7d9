import { Connection } from '../load/connection.ts';
import { isSuccess } from '../load/kinds.ts';
import type { BareRequest } from './request.ts';

export interface Call {
  readonly url: string;
  readonly branchId: string;
  readonly op: string;
  readonly body: string;
}

/** Kept-alive connections to the services, one call at a time on each, as many as are needed. */
export class Branches {
  readonly #free = new Map<string, Connection[]>();

  call({ gid, trans_type }: BareRequest, { url, branchId, op, body }: Call, done: () => void): void {
    const { port, pathname } = new URL(url);
    const free = this.#freeOf(port);
    const connection = free.pop() ?? new Connection(Number(port));
    const request =
      `POST ${pathname}?branch_id=${branchId}&gid=${gid}&op=${op}&trans_type=${trans_type} HTTP/1.1\r\n` +
      `Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    connection.ask(request, (head, answer) => {
      if (!isSuccess(head, answer)) throw new Error(`a branch answered ${head} ${answer}`);
      free.push(connection);
      done();
    });
  }

  #freeOf(port: string): Connection[] {
    const known = this.#free.get(port);
    if (known !== undefined) return known;
    const free: Connection[] = [];
    this.#free.set(port, free);
    return free;
  }
}
