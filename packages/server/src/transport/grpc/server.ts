import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import type { RequestObserver } from '../observer.ts';
import { dtmMethods, type Reply } from './methods.ts';
import type { GrpcPort } from './port.ts';
import { dtmService, type Service } from './schema.ts';
import type { GrpcSettings } from './settings.ts';
import { codes, errorStatus, type Status, verdictStatus } from './status.ts';
import type { Credentials } from './tls.ts';

export interface GrpcParts {
  readonly coordinator: Coordinator;
  readonly settings: GrpcSettings;
  readonly observer: RequestObserver;
  /** It listens already. */
  readonly port: GrpcPort;
  /** Undefined: plain text. */
  readonly credentials: Credentials | undefined;
}

export interface GrpcServer {
  /** Calls under way end, for that long; clients are told to go elsewhere. Idempotent. */
  close(graceMs: number): Promise<void>;
}

type Call = ServerUnaryCall<Buffer, Buffer>;

/** dtm's gRPC API on a port that is open. */
export function createGrpcServer(parts: GrpcParts): GrpcServer {
  const { port, settings, credentials } = parts;
  const server = new Server({
    'grpc.max_receive_message_length': settings.messageLimitBytes,
    'grpc.max_concurrent_streams': settings.maxStreams,
    'grpc.keepalive_time_ms': settings.keepAliveMs,
    'grpc.keepalive_timeout_ms': settings.keepAliveTimeoutMs,
    'grpc.enable_channelz': 0,
  });
  addDtmService(server, parts);
  const injector = server.createConnectionInjector(serverCredentials(credentials));
  port.serve((socket) => injector.injectConnection(socket));
  return {
    close: async (graceMs) => {
      injector.drain(graceMs);
      await port.close(graceMs);
      server.forceShutdown();
    },
  };
}

function serverCredentials(credentials: Credentials | undefined): ServerCredentials {
  if (credentials === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = credentials;
  const pair = { cert_chain: cert, private_key: key };
  return ServerCredentials.createSsl(clientCa ?? null, [pair], clientCa !== undefined);
}

/** Messages pass as they are: they are decoded where what is wrong with them can be answered. */
const asIs = (bytes: Buffer) => bytes;

export function definitionOf({ name: service, methods }: Service): Record<string, object> {
  return Object.fromEntries(
    Object.entries(methods).map(([name, { isStream = false }]) => [
      name,
      {
        path: `/${service}/${name}`,
        requestStream: isStream,
        responseStream: isStream,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  );
}

function addDtmService(server: Server, { coordinator, settings, observer }: GrpcParts): void {
  const methods = Object.entries(dtmMethods(coordinator)).map(([name, handle]) => {
    const observe = observer.route('grpc', name.toLowerCase());
    const serve = (call: Call, answer: sendUnaryData<Buffer>) => {
      const startedMs = performance.now();
      let isAnswered = false;
      const finish = (reply: Buffer | Status) => {
        if (isAnswered) return;
        isAnswered = true;
        clearTimeout(timer);
        const code = Buffer.isBuffer(reply) ? codes.ok : reply.code;
        if (Buffer.isBuffer(reply)) answer(null, reply);
        else answer({ ...reply, metadata: pushback(reply) });
        const durationMs = performance.now() - startedMs;
        observe(code === codes.ok, durationMs);
        observer.answered('grpc', name, code, durationMs);
      };
      const timer = setTimeout(() => finish(tookTooLong), settings.callTimeoutMs);
      call.once('cancelled', () => finish(left));
      // Async, so that whatever it throws is an answer.
      const handled = async () => handle(call.request);
      handled().then(
        (reply) => finish(statusOf(reply)),
        (error: unknown) => {
          if (!(error instanceof HoldfastError)) observer.broke(name, error);
          finish(errorStatus(error));
        },
      );
    };
    return [name, serve] as const;
  });
  server.addService(definitionOf(dtmService) as never, Object.fromEntries(methods));
}

function statusOf(reply: Reply): Buffer | Status {
  return Buffer.isBuffer(reply) ? reply : verdictStatus(reply);
}

const tookTooLong: Status = {
  code: codes.deadlineExceeded,
  details: 'no answer within the longest time that the coordinator lets a call wait; what it asked for goes on',
  retryAfterMs: 0,
};

/** Nobody hears it. */
const left: Status = { code: codes.cancelled, details: 'the client has left', retryAfterMs: 0 };

/** What Retry-After is to HTTP. */
function pushback({ retryAfterMs }: Status): Metadata {
  const metadata = new Metadata();
  if (retryAfterMs > 0) metadata.set('grpc-retry-pushback-ms', String(Math.ceil(retryAfterMs)));
  return metadata;
}
