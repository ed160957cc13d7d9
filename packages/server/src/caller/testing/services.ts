import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import { after } from 'node:test';
import type { BranchCall, Runtime, Sender, SentAnswer } from '../../engine/ports.ts';
import { sendingCall } from '../../engine/testing/calls.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer } from '../dial/dialer.ts';
import { HttpSender } from '../http/http-sender.ts';
import { defaultSenderLimits, type SenderLimits } from '../http/limits.ts';

const closers: (() => Promise<unknown> | undefined)[] = [];
after(async () => {
  for (const close of closers) await close();
});

export function senderWith(limits: Partial<SenderLimits> = {}, runtime: Runtime = systemRuntime): HttpSender {
  const sender = new HttpSender({
    runtime,
    upkeep: systemRuntime,
    dialer: new Dialer({ upkeep: systemRuntime }),
    limits: { ...defaultSenderLimits, ...limits },
    version: '1.2.3',
  });
  closers.push(() => sender.close());
  return sender;
}

export const sender = senderWith();

export interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

/** A real service: what it saw, and its address. `answer` runs after the request's body was read. */
export async function service(answer: (request: Seen, response: ServerResponse) => void, host = '127.0.0.1') {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request;
      const one = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      seen.push(one);
      answer(one, response);
    });
  };
  const server = createServer(listener);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  const port = await listen(server, host);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url, port, seen, sockets, server };
}

/** A service on the bare socket: `talk` runs once the head of the first request is there. */
export async function rawService(talk: (socket: Socket, request: string) => void) {
  const server = createNetServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => talk(socket, chunk.toString('latin1')));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  const port = await listen(server, '127.0.0.1');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${port}`, port, sockets };
}

export async function listen(server: Server | NetServer, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  closers.unshift(async () => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export function callOf(url: string, more: Partial<BranchCall> = {}): BranchCall {
  return {
    gid: 's1',
    type: 'saga',
    branchId: '01',
    op: 'action',
    url,
    protocol: 'http',
    payload: '',
    headers: {},
    timeoutMs: 5000,
    ...more,
  };
}

/** Sends, and fails if `ended` comes before `send` has returned. */
export function send(url: string, more: Partial<BranchCall> = {}, through: Sender = sender): Promise<SentAnswer> {
  return new Promise((resolve, reject) => {
    let hasReturned = false;
    let count = 0;
    const ended = (answer: SentAnswer) => {
      count += 1;
      if (!hasReturned) reject(new Error('ended came before send returned'));
      if (count > 1) throw new Error('ended came twice');
      resolve(answer);
    };
    through.send(sendingCall(callOf(url, more), ended));
    hasReturned = true;
  });
}

export function messageOf({ outcome }: SentAnswer): string {
  return outcome.kind === 'success' ? '' : outcome.message;
}

export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn += 1) {
    assert.ok(turn < 5000, 'the condition never came true');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
