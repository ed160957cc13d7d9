import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { HoldfastError } from '@holdfast/core';
import { type FastifyInstance, fastify } from 'fastify';
import type { Coordinator } from '../../engine/coordinator.ts';
import { Gate } from '../../engine/gate.ts';
import { refusedAnswer, rpcRoute } from '../json-rpc/route.ts';
import { listenOn } from '../listen.ts';
import type { RequestObserver, Transport } from '../observer.ts';
import { requestsEachRound, Turns } from '../turns.ts';
import { type Noted, warningOf } from '../wire/unknown.ts';
import { type Answer, errorAnswer, notFoundAnswer, send } from './answer.ts';
import type { Asker } from './backup-route.ts';
import { BodyReader } from './body.ts';
import { closeAfterAnswer, createLimitedServer, refuseConnection, trackAnswer } from './connection.ts';
import { type Development, devRoutes } from './dev-routes.ts';
import { malformed, parametersOf } from './parameters.ts';
import { dtmRoutes } from './routes.ts';
import { type ServiceParts, serviceRoutes } from './service.ts';
import type { HttpSettings } from './settings.ts';
import { UnsentAnswers } from './unsent.ts';
import { v1Routes } from './v1-routes.ts';

export interface HttpParts extends ServiceParts {
  readonly coordinator: Coordinator;
  readonly settings: HttpSettings;
  readonly observer: RequestObserver;
  /** Of this program, without a leading v. */
  readonly version: string;
  /** Only where time is moved by hand: without it there is no route of development. */
  readonly development?: Development;
}

export interface HttpServer {
  /**
   * Resolves with where it listens, once it does.
   * @throws the system's error (EADDRINUSE, EACCES, ...) where it cannot
   */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Connections that are open now. */
  openConnections(): Promise<number>;
  /** Takes no new connection, lets what is under way end for that long, then cuts every connection. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** How the requests of one route are served. */
interface Served {
  /** Empty: no route. */
  readonly path: string;
  handle(body: Buffer, parameters: URLSearchParams, asker: Asker): Promise<Answer>;
  /** What is thrown, as an answer. */
  refuse(error: unknown): Answer;
  /** Its answer is given up where too many wait for their clients: many may have begun while there was room. */
  readonly hasBudget?: boolean;
  /** Probes: they wait for no turn. */
  readonly isAtOnce?: true;
  readonly observe?: Observe;
}

const notFound: Served = { path: '', handle: async () => notFoundAnswer, refuse: errorAnswer };

/** Of a path that is not percent-encoded UTF-8: a parameter of a route, or no route at all. */
function badPath(inPath: readonly (readonly [string, string])[], { url = '' }: IncomingMessage): Served {
  const plain = url.replace(/\/{2,}/g, '/');
  const [, name] = inPath.find(([prefix]) => plain.startsWith(prefix)) ?? [];
  if (name === undefined) return notFound;
  return { path: '', handle: async () => errorAnswer(malformed(name)), refuse: errorAnswer };
}

type Observe = (isFine: boolean, durationMs: number) => void;

const noBody = Buffer.alloc(0);
const methodsWithoutBody: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'TRACE']);

/** dtm's HTTP API, the probes and the metrics on one port. */
export function createHttpServer(parts: HttpParts): HttpServer {
  return new FastifyHttpServer(parts);
}

/**
 * Fastify finds the route; bodies are read and answers written here, so that every limit holds before a handler runs
 * and nothing of a request but its path decides how it is read.
 */
class FastifyHttpServer implements HttpServer {
  readonly #parts: HttpParts;
  readonly #bodies: BodyReader;
  readonly #reads: Gate;
  readonly #turns = new Turns(requestsEachRound);
  readonly #unsent: UnsentAnswers;
  readonly #server: Server;
  readonly #app: FastifyInstance;
  /** Routes by method and URL as nearly every request spells them: Fastify costs 9 of the 55 us of a submit. */
  readonly #exact = new Map<string, RequestListener>();
  /** Of routes with a parameter in their path: what stands before it, and its name. */
  readonly #inPath: (readonly [prefix: string, name: string])[] = [];
  #closed: Promise<void> | undefined;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#bodies = new BodyReader(parts.settings);
    const { readsAtOnce, readsWaiting } = parts.settings;
    this.#reads = new Gate({ atOnce: readsAtOnce, waiting: readsWaiting }, setImmediate);
    parts.coordinator.heedTurns(() => this.#turns.waitedMs);
    this.#unsent = new UnsentAnswers(parts.settings.answerBudgetBytes);
    let serve: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
    this.#server = createLimitedServer(
      parts.settings,
      (request) => !this.#bodies.isTooLong(request),
      (request, response) => {
        const exact = this.#exact.get(`${request.method} ${request.url}`);
        if (exact !== undefined) {
          exact(request, response);
          return;
        }
        // What a client says of its content decides nothing; Fastify would refuse what it does not know.
        delete request.headers['content-type'];
        serve(request, response);
      },
    );
    this.#app = fastify({
      logger: false,
      exposeHeadRoutes: false,
      return503OnClosing: false,
      clientErrorHandler: refuseConnection,
      routerOptions: {
        ignoreDuplicateSlashes: true,
        ignoreTrailingSlash: true,
        // A gid may be longer than Fastify thinks, and a character of it takes up to twelve in a path.
        maxParamLength: parts.settings.headLimitBytes,
      },
      serverFactory: (handler) => {
        serve = handler;
        return this.#server;
      },
      frameworkErrors: (error, request, reply) => {
        reply.hijack();
        this.#answer(
          request.raw,
          reply.raw,
          error.code === 'FST_ERR_BAD_URL' ? badPath(this.#inPath, request.raw) : notFound,
        );
      },
    });
    this.#addRoutes();
  }

  #addRoutes(): void {
    const { observer } = this.#parts;
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const { coordinator, settings, development } = this.#parts;
    const forDevelopment = development === undefined ? [] : devRoutes(development);
    const routes = [
      ...dtmRoutes({ ...this.#parts, noted: (...given) => this.#noted('http', ...given) }).map((route) => ({
        ...route,
        path: `/api/dtmsvr/${route.name}`,
      })),
      ...v1Routes(coordinator, settings).map((route) => ({ ...route, path: `/api/v1/${route.name}` })),
      ...forDevelopment.map((route) => ({ ...route, path: `/api/dev/${route.name}` })),
    ];
    for (const { method, name, path, isRead, isLarge, handle, refuse = errorAnswer } of routes) {
      const observe = observer.route('http', name.replace(/\/.*/, '').toLowerCase());
      const hasBudget = isRead === true || isLarge === true;
      const bounded = hasBudget ? this.#underBudget(handle) : handle;
      this.#route([method], { path, handle: isRead ? this.#inTurn(bounded) : bounded, refuse, hasBudget, observe });
    }
    const path = '/api/json-rpc';
    const noted = (api: string, asked: Noted, answer: Answer) => this.#noted('json-rpc', api, asked, answer);
    this.#route(['POST'], { path, handle: rpcRoute({ coordinator, observer, noted }), refuse: refusedAnswer });
    for (const { methods, path, handle } of serviceRoutes(this.#parts)) {
      this.#route(methods === 'any' ? this.#app.supportedMethods : methods, {
        path,
        handle,
        refuse: errorAnswer,
        isAtOnce: true,
      });
    }
    this.#app.setNotFoundHandler((request, reply) => {
      reply.hijack();
      this.#answer(request.raw, reply.raw, notFound);
    });
  }

  /** Who develops sees it in the answer too; to others answers stay as dtm's. */
  #noted(transport: Transport, api: string, { unknownFields }: Noted, answer: Answer): Answer {
    if (unknownFields === undefined) return answer;
    this.#parts.observer.unknownFields(transport, api, unknownFields);
    return this.#parts.development === undefined ? answer : { ...answer, warning: warningOf(unknownFields) };
  }

  #inTurn(handle: Served['handle']): Served['handle'] {
    return (...asked) => this.#reads.pass(() => handle(...asked));
  }

  #underBudget(handle: Served['handle']): Served['handle'] {
    return async (...asked) => {
      if (this.#unsent.isFull) throw tooManyUnsent();
      return handle(...asked);
    };
  }

  #route(methods: readonly string[], served: Served): void {
    const [prefix = '', name] = served.path.split(/:(\w+)/);
    if (name !== undefined) this.#inPath.push([prefix, name]);
    for (const method of methods) {
      this.#exact.set(`${method} ${served.path}`, (request, response) => this.#answer(request, response, served));
    }
    this.#app.route({
      method: [...methods],
      url: served.path,
      handler: (request, reply) => {
        reply.hijack();
        this.#answer(request.raw, reply.raw, served, request.params as Readonly<Record<string, string>>);
      },
    });
  }

  /** @param inPath parameters that are parts of the path */
  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { path, handle, refuse, hasBudget, isAtOnce, observe }: Served,
    inPath: Readonly<Record<string, string>> = {},
  ): void {
    const startedMs = performance.now();
    const { settings, observer } = this.#parts;
    trackAnswer(request, response);
    const finish = (answer: Answer) => {
      if (!request.complete) closeAfterAnswer(request, response);
      else if (this.#closed !== undefined && !response.headersSent) response.setHeader('Connection', 'close');
      send(response, answer, { sendTimeoutMs: settings.sendTimeoutMs, unsent: this.#unsent });
      const durationMs = performance.now() - startedMs;
      observe?.(answer.status < 400, durationMs);
      observer.answered(request.method ?? '', path, answer.status, durationMs);
    };
    const serve = (body: Buffer | HoldfastError) => {
      if (body instanceof HoldfastError) {
        finish(refuse(body));
        return;
      }
      const parameters = parametersOf(request.url ?? '', inPath);
      if (parameters instanceof HoldfastError) {
        finish(refuse(parameters));
        return;
      }
      const answered = (answer: Answer) => {
        finish(hasBudget && this.#unsent.isFull ? refuse(tooManyUnsent()) : answer);
      };
      handled(handle, body, parameters, request.socket).then(answered, (error: unknown) => {
        if (!(error instanceof HoldfastError)) observer.broke(path, error);
        finish(refuse(error));
      });
    };
    if (isAtOnce === true) this.#body(request, serve);
    else this.#turns.take(() => this.#body(request, serve));
  }

  /** A body where none belongs is refused if it is too long, and otherwise left where it is. */
  #body(request: IncomingMessage, done: (body: Buffer | HoldfastError) => void): void {
    if (this.#bodies.isTooLong(request)) done(this.#bodies.tooLarge());
    else if (methodsWithoutBody.has(request.method)) done(noBody);
    else this.#bodies.read(request, done);
  }

  async listen(): Promise<{ host: string; port: number }> {
    await this.#app.ready();
    return listenOn(this.#server, this.#parts.settings);
  }

  openConnections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await new Promise<void>((resolve) => {
      // It calls back with an error where it did not listen: closed is closed.
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
    clearTimeout(cut);
    await this.#app.close();
  }
}

/** Async, so that whatever it throws is an answer; and no closure, which would keep the body for as long as it waits. */
async function handled(handle: Served['handle'], ...asked: Parameters<Served['handle']>): Promise<Answer> {
  return handle(...asked);
}

function tooManyUnsent(): HoldfastError {
  return new HoldfastError('UNAVAILABLE', 'too many answers wait for their clients to read them', {
    retryAfterMs: 1000,
  });
}
