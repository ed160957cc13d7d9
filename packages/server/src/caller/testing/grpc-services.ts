import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { after } from 'node:test';
import { type Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { BranchCall, SentAnswer } from '../../engine/ports.ts';
import { systemRuntime } from '../../runtime.ts';
import { Dialer } from '../dial/dialer.ts';
import { GrpcSender, type GrpcSenderParts } from '../grpc/grpc-sender.ts';
import type { GrpcLimits } from '../grpc/limits.ts';
import { send } from './services.ts';

const closers: (() => Promise<unknown> | undefined)[] = [];
after(async () => {
  for (const close of closers) await close();
});

const limits: GrpcLimits = {
  answerBytes: 1024 * 1024,
  answerHeaderBytes: 32 * 1024,
  idleConnections: 1024,
  grpcIdleMs: 60_000,
  grpcKeepaliveMs: 20_000,
  grpcKeepaliveTimeoutMs: 5000,
};

export function grpcSenderWith(some: Partial<GrpcLimits> = {}, more: Partial<GrpcSenderParts> = {}): GrpcSender {
  const sender = new GrpcSender({
    runtime: systemRuntime,
    upkeep: systemRuntime,
    limits: { ...limits, ...some },
    version: '1.2.3',
    dialer: new Dialer({ upkeep: systemRuntime }),
    ...more,
  });
  closers.push(() => sender.close());
  return sender;
}

export function sendGrpc(url: string, more: Partial<BranchCall> = {}, through = grpcSender): Promise<SentAnswer> {
  return send(url, { protocol: 'grpc', ...more }, through);
}

export const grpcSender = grpcSenderWith();

/** A call as it arrived. */
export interface SeenCall {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly stream: ServerHttp2Stream;
  readonly session: Http2Session;
}

export type Talk = (call: SeenCall) => void;

/** A service on bare HTTP/2: `talk` runs once a call has arrived whole. Its address has no scheme. */
export async function grpcService(talk: Talk, options: ServerOptions = {}) {
  const server = createServer(options);
  return { ...(await listening(server, talk)), server };
}

export async function secureGrpcService(talk: Talk, options: SecureServerOptions) {
  const server = createSecureServer(options);
  return { ...(await listening(server, talk)), server };
}

async function listening(server: Http2Server | Http2SecureServer, talk: Talk) {
  const seen: SeenCall[] = [];
  const sessions: Http2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const { session } = stream;
      if (session === undefined) return;
      const call = { headers, body: Buffer.concat(chunks), stream, session };
      seen.push(call);
      talk(call);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  closers.unshift(async () => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { url: `127.0.0.1:${port}/pkg.Service/Method`, port, seen, sessions };
}

/** A service of a gRPC library, which answers each call; its metadata are those of the calls. */
export async function grpcJsService() {
  const metadata: Metadata[] = [];
  const server = new Server();
  const asIs = (bytes: Buffer) => bytes;
  const codec = {
    ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
    ...{ requestStream: false, responseStream: false },
  };
  server.addService(
    { Method: { ...codec, path: '/pkg.Service/Method' } },
    {
      Method: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
        metadata.push(call.metadata);
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  closers.unshift(async () => server.forceShutdown());
  return { url: `127.0.0.1:${port}/pkg.Service/Method`, metadata };
}

export interface Reply {
  readonly status?: number | string;
  readonly message?: string;
  /** Of the answer's message, behind its prefix. */
  readonly body?: Buffer;
  readonly contentType?: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** Answers as a gRPC service does: a message, then the status in trailers. */
export function reply({ stream }: Pick<SeenCall, 'stream'>, given: Reply = {}): void {
  const { status = 0, message, body = Buffer.alloc(0), contentType = 'application/grpc', trailers } = given;
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': contentType }, { waitForTrailers: true });
  stream.on('wantTrailers', () => {
    stream.sendTrailers(
      trailers ?? { 'grpc-status': `${status}`, ...(message !== undefined && { 'grpc-message': message }) },
    );
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([prefix, body]));
}

/** Between a caller and a service: passes on what comes, until it is told to swallow it. */
export async function silentProxy(port: number) {
  const sockets = new Set<Socket>();
  let isSilent = false;
  let connections = 0;
  const server = createNetServer((socket) => {
    connections += 1;
    const isFirst = connections === 1;
    const service = connect(port, '127.0.0.1');
    for (const one of [socket, service]) {
      sockets.add(one);
      one.on('error', () => one.destroy());
    }
    socket.on('data', (chunk) => (isSilent && isFirst) || service.write(chunk));
    service.on('data', (chunk) => (isSilent && isFirst) || socket.write(chunk));
    socket.on('close', () => service.destroy());
    service.on('close', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.unshift(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}/pkg.Service/Method`,
    /** The first connection is half open from now on; later ones work. */
    silence: () => {
      isSilent = true;
    },
    /** Nothing is read any more of what callers send. */
    freeze: () => {
      for (const socket of sockets) socket.pause();
    },
    connections: () => connections,
  };
}
