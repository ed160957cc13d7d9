import { type ClientHttp2Session, type ClientSessionOptions, connect } from 'node:http2';
import { Client, credentials, type Metadata, Metadata as NewMetadata, type ServiceError } from '@grpc/grpc-js';
import { encode } from './protobuf.ts';
import { dtmRequest } from './schema.ts';
import { closers } from './testing.ts';

export const mib = 1024 * 1024;

export interface Answered {
  readonly code: number;
  readonly details: string;
  readonly trailers: Metadata;
  readonly bytes: Buffer;
}

export function clientOf(address: string, secured = credentials.createInsecure(), options: object = {}): Client {
  const client = new Client(address, secured, { 'grpc.use_local_subchannel_pool': 1, ...options });
  closers.push(() => client.close());
  return client;
}

export const asIs = (bytes: Buffer) => bytes;

export function ask(client: Client, method: string, message: Uint8Array = submit, deadlineMs = 0): Promise<Answered> {
  return new Promise((resolve) => {
    const options = deadlineMs === 0 ? {} : { deadline: Date.now() + deadlineMs };
    const done = (error: ServiceError | null, bytes: Buffer = Buffer.alloc(0)) => {
      const { code = 0, details = '', metadata: trailers = new NewMetadata() } = error ?? {};
      resolve({ code, details, trailers, bytes });
    };
    client.makeUnaryRequest(
      `/dtmgimp.Dtm/${method}`,
      asIs,
      asIs,
      Buffer.from(message),
      new NewMetadata(),
      options,
      done,
    );
  });
}

export const submit = encode(dtmRequest, { Gid: 'g', TransType: 'tcc' });
export const workflow = encode(dtmRequest, { Gid: 'g', TransType: 'workflow', QueryPrepared: 'http://h/' });

/** A request in pieces, on a plain HTTP/2 connection. */
export function begin(session: ClientHttp2Session, path = '/dtmgimp.Dtm/Submit', headers: object = {}) {
  const stream = session.request(
    { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  );
  const ended = new Promise<{ code: number | undefined; reset: number; status: number | undefined; bytes: number }>(
    (resolve) => {
      let code: number | undefined;
      let status: number | undefined;
      let bytes = 0;
      const note = (given: Record<string, unknown>) => {
        if (given['grpc-status'] !== undefined) {
          code = Number(given['grpc-status']);
          // Whoever has its answer has nothing more to send.
          stream.end();
        }
        status ??= Number(given[':status']);
      };
      stream.on('response', note);
      stream.on('trailers', note);
      stream.on('error', () => undefined);
      stream.on('close', () => resolve({ code, reset: stream.rstCode, status, bytes }));
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
    },
  );
  return { stream, ended };
}

export function sessionTo(number: number, options: ClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${number}`, options);
  session.on('error', () => undefined);
  closers.push(() => session.destroy());
  return session;
}

export function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
