import { logVerbosity, Server, type ServerUnaryCall, type sendUnaryData, setLogVerbosity } from '@grpc/grpc-js';
import { errorCatalogue, HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import type { ServerIdentity } from '../../tls/server-identity.ts';
import type { Changing } from '../../tls/watched-files.ts';
import type { RequestObserver } from '../observer.ts';
import { requestsEachRound, Turns } from '../turns.ts';
import type { Noted } from '../wire/unknown.ts';
import { serverCredentials } from './credentials.ts';
import { definitionOf, grpcError, type Sent } from './definition.ts';
import { Health } from './health.ts';
import { dtmMethods, type Handle, type Reply } from './methods.ts';
import type { GrpcPort } from './port.ts';
import { addReflection } from './reflection.ts';
import { UnsentReplies } from './replies.ts';
import { dtmService } from './schema.ts';
import type { GrpcSettings } from './settings.ts';
import { codes, errorStatus, type Status, verdictStatus } from './status.ts';
import { Streams } from './streams.ts';

export interface GrpcParts {
  readonly coordinator: Coordinator;
  readonly settings: GrpcSettings;
  readonly observer: RequestObserver;
  /** It listens already. */
  readonly port: GrpcPort;
  /** Undefined: plain text. */
  readonly identity: Changing<ServerIdentity> | undefined;
}

type Call = ServerUnaryCall<Sent, Buffer>;

/** An answer of more than this may wait for its client, and is counted. */
const largeBytes = 16 * 1024;

/** How long before the end of the grace those who wait still are told so. */
const farewellMs = 200;

/** dtm's gRPC API, with health and reflection, on a port that is open. */
export class GrpcServer {
  readonly #parts: GrpcParts;
  readonly #server: Server;
  readonly #streams: Streams;
  readonly #health: Health;
  readonly #unsent: UnsentReplies;
  readonly #turns = new Turns(requestsEachRound);
  readonly #drain: (graceMs: number) => void;
  readonly #waiting = new Set<(answer: Status) => void>();
  #waitingBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(parts: GrpcParts) {
    const { coordinator, port, settings, identity } = parts;
    this.#parts = parts;
    // What the library writes on stderr holds what clients sent, and is no line of ours.
    setLogVerbosity(logVerbosity.NONE);
    this.#streams = new Streams(settings, port.number);
    this.#unsent = new UnsentReplies(settings.answerBudgetBytes);
    coordinator.heedTurns(() => this.#turns.waitedMs);
    this.#server = new Server({
      'grpc.max_receive_message_length': settings.messageLimitBytes,
      'grpc.max_concurrent_streams': settings.maxStreams,
      'grpc.keepalive_time_ms': settings.keepAliveMs,
      'grpc.keepalive_timeout_ms': settings.keepAliveTimeoutMs,
      'grpc.enable_channelz': 0,
    });
    this.#addDtmService();
    this.#health = new Health(coordinator);
    this.#health.addTo(this.#server);
    addReflection(this.#server);
    const injector = this.#server.createConnectionInjector(serverCredentials(identity));
    this.#drain = (graceMs) => injector.drain(graceMs);
    port.serve((socket) => injector.injectConnection(socket));
  }

  /** Bytes of requests that are not whole yet. */
  get receivingBytes(): number {
    return this.#streams.receivingBytes;
  }

  /** Clients are told to go elsewhere, calls under way end, for that long; then every connection is cut. Idempotent. */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    this.#health.stop();
    this.#drain(graceMs);
    // Whoever would be cut off is told before.
    const farewell = setTimeout(
      () => {
        for (const finish of this.#waiting) finish(stopping);
      },
      graceMs - Math.min(farewellMs, graceMs / 2),
    );
    await this.#parts.port.close(graceMs);
    clearTimeout(farewell);
    this.#streams.stop();
    this.#server.forceShutdown();
  }

  #addDtmService(): void {
    const { coordinator, observer } = this.#parts;
    const noted = (api: string, { unknownFields }: Noted) => {
      if (unknownFields !== undefined) observer.unknownFields('grpc', api, unknownFields);
    };
    const methods = Object.entries(dtmMethods(coordinator, noted)).map(([name, handle]) => {
      const observe = observer.route('grpc', name.toLowerCase());
      const hasBudget = name === 'PrepareWorkflow';
      const serve = (call: Call, send: sendUnaryData<Buffer>) => {
        const startedMs = performance.now();
        this.#answer(call, hasBudget ? this.#underBudget(handle) : handle, name, (answer) => {
          const code = Buffer.isBuffer(answer) ? codes.ok : answer.code;
          if (Buffer.isBuffer(answer)) send(null, answer);
          else send(grpcError(answer));
          const durationMs = performance.now() - startedMs;
          observe(code === codes.ok, durationMs);
          observer.answered('grpc', name, code, durationMs);
        });
      };
      return [name, serve] as const;
    });
    this.#server.addService(definitionOf(dtmService), Object.fromEntries(methods));
  }

  /** Calls `finish` once: with the answer, or when nobody waits for it any more. What was asked for goes on. */
  #answer(call: Call, handle: Handle, name: string, finish: (answer: Buffer | Status) => void): void {
    let isFinished = false;
    const { length } = call.request;
    this.#waitingBytes += length;
    const once = (answer: Buffer | Status) => {
      if (isFinished) return;
      isFinished = true;
      this.#waitingBytes -= length;
      this.#waiting.delete(once);
      clearTimeout(timer);
      if (Buffer.isBuffer(answer) && answer.length > largeBytes) this.#unsent.hold(call, answer.length);
      finish(answer);
    };
    const timer = setTimeout(() => once(tookTooLong), this.#parts.settings.callTimeoutMs);
    call.once('cancelled', () => once(left));
    this.#waiting.add(once);
    this.#turns.take(() => {
      // It was given up before its turn.
      if (isFinished) return;
      this.#handled(handle, call.request.take()).then(
        (reply: Reply) => once(Buffer.isBuffer(reply) ? reply : verdictStatus(reply)),
        (error: unknown) => {
          if (!(error instanceof HoldfastError)) this.#parts.observer.broke(name, error);
          once(errorStatus(error));
        },
      );
    });
  }

  /** Async, so that whatever it throws is an answer. What the library has received stays in memory until it is given. */
  async #handled(handle: Handle, message: Buffer): Promise<Reply> {
    const { messageBudgetBytes } = this.#parts.settings;
    if (this.#streams.receivingBytes + this.#waitingBytes > messageBudgetBytes) throw tooManyWaiting();
    return handle(message);
  }

  /** Its answer is given up where too many wait for their clients: many may have begun while there was room. */
  #underBudget(handle: Handle): Handle {
    const refuse = () => {
      if (this.#unsent.isFull) throw tooManyUnsent();
    };
    return (message) => {
      refuse();
      return handle(message).then((reply) => {
        refuse();
        return reply;
      });
    };
  }
}

const tookTooLong: Status = {
  code: codes.deadlineExceeded,
  details: 'no answer within the longest time that the coordinator lets a call wait; what it asked for goes on',
  retryAfterMs: 0,
};

const stopping: Status = {
  code: errorCatalogue.UNAVAILABLE.grpc,
  details: 'the coordinator stops, and no answer was ready: what was asked for goes on, ask again',
  retryAfterMs: 1000,
};

/** Nobody hears it. */
const left: Status = { code: codes.cancelled, details: 'the client has left', retryAfterMs: 0 };

function tooManyWaiting(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'too many large requests wait for their answers', { retryAfterMs: 1000 });
}

function tooManyUnsent(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'too many answers wait for their clients to read them', {
    retryAfterMs: 1000,
  });
}
