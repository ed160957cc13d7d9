import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { errorCatalogue, HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import type { ServerIdentity } from '../../tls/server-identity.ts';
import type { Changing } from '../../tls/watched-files.ts';
import type { RequestObserver } from '../observer.ts';
import { largeRequestBytes, requestsEachRound, Turns } from '../turns.ts';
import type { Noted } from '../wire/unknown.ts';
import { type CallReader, GrpcCall, refuse, refuseHttp } from './call.ts';
import { Doorstep } from './doorstep.ts';
import { type Endpoint, oneMessage } from './endpoint.ts';
import { headOf } from './head.ts';
import { Health, healthService } from './health.ts';
import { dtmMethods, type Handle, type Reply } from './methods.ts';
import type { GrpcPort } from './port.ts';
import { reflectionEndpoints } from './reflection.ts';
import { UnsentReplies } from './replies.ts';
import { dtmService } from './schema.ts';
import { Sessions } from './sessions.ts';
import type { GrpcSettings } from './settings.ts';
import { codes, errorStatus, type Status, verdictStatus } from './status.ts';
import { Streams } from './streams.ts';

export interface GrpcParts {
  readonly coordinator: Coordinator;
  readonly settings: GrpcSettings;
  readonly observer: RequestObserver;
  /** It listens already. */
  readonly port: GrpcPort;
  /** Where HTTP is served, for whoever looks for it on this port. */
  readonly httpUrl: string;
  /** Undefined: plain text. */
  readonly identity: Changing<ServerIdentity> | undefined;
}

/** An answer of more than this may wait for its client, and is counted. */
const largeBytes = 16 * 1024;

/** How long before the end of the grace those who wait still are told so. */
const farewellMs = 200;

/** Begins to serve a call, whose client waits for so long. */
type Begin = (call: GrpcCall, timeoutMs: number) => CallReader;

/** dtm's gRPC API, with health and reflection, on a port that is open. */
export class GrpcServer {
  readonly #parts: GrpcParts;
  readonly #sessions: Sessions;
  readonly #doorstep: Doorstep;
  readonly #streams: Streams;
  readonly #health: Health;
  readonly #unsent: UnsentReplies;
  readonly #turns = new Turns(requestsEachRound);
  readonly #methods: ReadonlyMap<string, Begin>;
  readonly #waiting = new Set<(answer: Status) => void>();
  #waitingBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(parts: GrpcParts) {
    const { coordinator, port, settings, identity, httpUrl } = parts;
    this.#parts = parts;
    this.#streams = new Streams(settings);
    this.#unsent = new UnsentReplies(settings.answerBudgetBytes);
    coordinator.heedTurns(() => this.#turns.waitedMs);
    this.#health = new Health(coordinator);
    this.#methods = new Map([
      ...this.#dtmMethods(),
      ...[[healthService, this.#health.endpoints] as const, ...reflectionEndpoints()].flatMap(([{ name }, endpoints]) =>
        Object.entries(endpoints).map(
          ([method, begin]) => [`/${name}/${method}`, this.#standard(method, begin)] as const,
        ),
      ),
    ]);
    this.#sessions = new Sessions({
      settings,
      identity,
      begun: (stream, headers) => this.#begun(stream, headers),
      notHttp2: (socket) => this.#doorstep.explain(socket),
    });
    this.#doorstep = new Doorstep({
      isTls: identity !== undefined,
      httpUrl,
      timeoutMs: settings.requestTimeoutMs,
      serve: (socket) => this.#sessions.serve(socket),
    });
    port.serve((socket) => this.#doorstep.take(socket));
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
    this.#doorstep.close();
    this.#sessions.drain();
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
  }

  #begun(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // It may have been reset before anybody was told of it.
    if (stream.destroyed || stream.closed) return;
    const head = headOf(headers);
    if (head.kind === 'http') refuseHttp(stream, head);
    else if (head.kind === 'refused') refuse(stream, head.status);
    else {
      const begin = this.#methods.get(headers[':path'] ?? '');
      if (begin === undefined) {
        refuse(stream, noSuchMethod);
        return;
      }
      const { messageLimitBytes: limitBytes, callTimeoutMs } = this.#parts.settings;
      const timeoutMs = Math.min(head.timeoutMs ?? callTimeoutMs, callTimeoutMs);
      const watch = this.#streams.watch(stream);
      new GrpcCall({ stream, packing: head.packing, limitBytes, watch }, (call) => begin(call, timeoutMs));
    }
  }

  /** Of health and reflection. */
  #standard(name: string, endpoint: Endpoint): Begin {
    return (call) => ({ ...endpoint(call), refused: (error) => this.#tellDefect(name, error) });
  }

  #tellDefect(name: string, error: unknown): void {
    if (!(error instanceof HoldfastError)) this.#parts.observer.broke(name, error);
  }

  #dtmMethods(): (readonly [path: string, begin: Begin])[] {
    const { coordinator, observer } = this.#parts;
    const noted = (api: string, { unknownFields }: Noted) => {
      if (unknownFields !== undefined) observer.unknownFields('grpc', api, unknownFields);
    };
    return Object.entries(dtmMethods(coordinator, noted)).map(([name, handle]) => {
      const observe = observer.route('grpc', name.toLowerCase());
      const finished = (code: number, startedMs: number) => {
        const durationMs = performance.now() - startedMs;
        observe(code === codes.ok, durationMs);
        observer.answered('grpc', name, code, durationMs);
      };
      const method = { name, finished, handle: name === 'PrepareWorkflow' ? this.#underBudget(handle) : handle };
      return [`/${dtmService.name}/${name}`, (call, timeoutMs) => this.#unary(method, call, timeoutMs)] as const;
    });
  }

  /** Answers once: when there is an answer, or when nobody waits for it any more. What was asked for goes on. */
  #unary({ name, handle, finished }: Method, call: GrpcCall, timeoutMs: number): CallReader {
    const startedMs = performance.now();
    let isFinished = false;
    let waitingBytes = 0;
    let unsentBytes = 0;
    const finish = (answer: Buffer | Status) => {
      if (isFinished) return;
      isFinished = true;
      this.#waitingBytes -= waitingBytes;
      this.#waiting.delete(finish);
      clearTimeout(timer);
      if (Buffer.isBuffer(answer)) {
        unsentBytes = answer.length > largeBytes ? answer.length : 0;
        this.#unsent.count(unsentBytes);
        call.answer(answer);
        finished(codes.ok, startedMs);
      } else {
        call.end(answer);
        finished(answer.code, startedMs);
      }
    };
    const refused = (error: unknown) => {
      this.#tellDefect(name, error);
      finish(errorStatus(error));
    };
    const timer = setTimeout(() => finish(tookTooLong), timeoutMs);
    const whole = (message: Buffer) => {
      waitingBytes = message.length;
      this.#waitingBytes += waitingBytes;
      this.#waiting.add(finish);
      let sent: Buffer | undefined = message;
      const turns = waitingBytes > largeRequestBytes ? this.#parts.coordinator.longTurns : this.#turns;
      turns.take(() => {
        // It was given up before its turn.
        if (isFinished || sent === undefined) return;
        const asked = this.#handled(handle, sent);
        sent = undefined;
        asked.then((reply: Reply) => finish(Buffer.isBuffer(reply) ? reply : verdictStatus(reply)), refused);
      });
    };
    const closed = () => {
      finish(left);
      this.#unsent.count(-unsentBytes);
    };
    return { ...oneMessage(whole), refused, closed };
  }

  /** Async, so that whatever it throws is an answer. */
  async #handled(handle: Handle, message: Buffer): Promise<Reply> {
    const { messageBudgetBytes } = this.#parts.settings;
    if (this.#streams.receivingBytes + this.#waitingBytes > messageBudgetBytes) throw tooManyWaiting();
    return handle(message);
  }

  /** Its answer is given up where too many wait for their clients: many may have begun while there was room. */
  #underBudget(handle: Handle): Handle {
    const refuseWhenFull = () => {
      if (this.#unsent.isFull) throw tooManyUnsent();
    };
    return (message) => {
      refuseWhenFull();
      return handle(message).then((reply) => {
        refuseWhenFull();
        return reply;
      });
    };
  }
}

/** A method of dtm's, and what is told of its calls. */
interface Method {
  readonly name: string;
  readonly handle: Handle;
  finished(code: number, startedMs: number): void;
}

const noSuchMethod: Status = {
  code: codes.unimplemented,
  details: 'there is no such method; reflection lists those that there are',
  retryAfterMs: 0,
};

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
