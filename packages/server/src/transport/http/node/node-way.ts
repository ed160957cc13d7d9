import { type IncomingMessage, METHODS, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { HoldfastError } from '@holdfast/core';
import findMyWay from 'find-my-way';
import { type Answer, answer, errorAnswer, notAllowedAnswer, notFoundAnswer } from '../answer.ts';
import type { Intake } from '../intake.ts';
import { type Asker, methodsWithoutBody } from '../request-head.ts';
import { malformed, parametersOf } from '../routes/parameters.ts';
import type { Served } from '../served.ts';
import { readBody, saysTooLong } from './body.ts';
import { NodeConnection, noTunnel } from './connection.ts';
import { allowOrigin, isPreflight } from './cors.ts';
import { admissionOf, askerOf } from './head.ts';
import { createLimitedServer, type RequestTaker } from './limited-server.ts';
import { send } from './send.ts';

const notFound: Served = { path: '', methods: [], handle: async () => notFoundAnswer, refuse: errorAnswer };
const noBody = Buffer.alloc(0);
const noneInPath = {};
/** Of a route that takes any method. */
const allMethods = METHODS as readonly findMyWay.HTTPMethod[];

/**
 * The way in for everything that HTTP/1.1 allows. A router finds the route; bodies are read and answers written here, so
 * that every limit holds before a handler runs and nothing of a request but its path decides how it is read.
 */
export class NodeWay implements RequestTaker {
  /** It listens for both ways in: its connections are given to `accept`, and come back through `takeOver`. */
  readonly server: Server;
  readonly #intake: Intake;
  readonly #routes: readonly Served[];
  readonly #router: findMyWay.Instance<findMyWay.HTTPVersion.V1>;
  readonly #ownListener: (socket: Socket) => void;
  readonly #connections = new Map<Duplex, NodeConnection>();
  /** Of each request without an answer. */
  readonly #waiting = new Set<(error: HoldfastError) => void>();

  /** @param accept whoever has a connection first */
  constructor(routes: readonly Served[], intake: Intake, accept: (socket: Socket) => void) {
    this.#intake = intake;
    this.#routes = routes;
    this.server = createLimitedServer(intake.settings, this);
    // Called when it is closed. Node's own ends connections whose clients have not taken their answers yet.
    this.server.closeIdleConnections = () => {
      for (const connection of this.#connections.values()) connection.closeIdle();
    };
    const own = this.server.listeners('connection');
    this.#ownListener = (socket) => {
      for (const listener of own) Reflect.apply(listener, this.server, [socket]);
    };
    this.server.removeAllListeners('connection').on('connection', accept);
    this.server.on('clientError', (error, socket) => this.#connections.get(socket)?.refuse(error));
    this.#router = findMyWay<findMyWay.HTTPVersion.V1>({
      ignoreDuplicateSlashes: true,
      ignoreTrailingSlash: true,
      // A gid may be longer than the router thinks, and a character of it takes up to twelve in a path.
      maxParamLength: intake.settings.headLimitBytes,
      // Parameters of a query are read by whoever serves.
      querystringParser: () => noneInPath,
      defaultRoute: (request, response) => this.#answer(request, response, this.#otherMethod(request)),
      onBadUrl: (_path, request, response) => this.#answer(request, response, this.#badPath(request)),
    });
    for (const served of routes) {
      const methods = served.methods === 'any' ? allMethods : (served.methods as readonly findMyWay.HTTPMethod[]);
      this.#router.on([...methods], served.path, (request, response, inPath) =>
        this.#answer(request, response, served, inPath as Readonly<Record<string, string>>),
      );
    }
  }

  /** From now on the connection is node:http's. What was read of it was put back before. */
  takeOver(socket: Socket): void {
    this.#ownListener(socket);
    // node:http listens no more once a client asked for a tunnel, and an error that nobody hears would end the process.
    socket.on('error', onError);
    this.#connections.set(socket, new NodeConnection(socket, this.#intake.settings.halfClosedTimeoutMs));
    socket.once('close', () => this.#connections.delete(socket));
  }

  take(request: IncomingMessage, response: ServerResponse, waitsToContinue: boolean): void {
    if (this.#connections.get(request.socket)?.begin(request, response) !== true) return;
    // Only where the body will be read.
    const mayContinue = () =>
      !saysTooLong(request, this.#intake.bodies) && admissionOf(request, this.#intake) === undefined;
    if (waitsToContinue && mayContinue()) response.writeContinue();
    this.#router.lookup(request, response);
  }

  refuseTunnel(socket: Socket): void {
    this.#connections.get(socket)?.refuse(noTunnel);
  }

  /** Tells all that wait for an answer that they wait in vain. */
  refuseWaiting(error: HoldfastError): void {
    for (const refuse of this.#waiting) refuse(error);
  }

  /** Ends all connections at once. */
  cut(): void {
    for (const connection of this.#connections.values()) connection.cut();
  }

  /** Of a path that is not percent-encoded UTF-8: a parameter of a route, or no route at all. */
  #badPath({ url = '' }: IncomingMessage): Served {
    const plain = url.replace(/\/{2,}/g, '/');
    for (const { path } of this.#routes) {
      const [prefix = '', name] = path.split(/:(\w+)/);
      if (name === undefined || !plain.startsWith(prefix)) continue;
      return { ...notFound, handle: async () => errorAnswer(malformed(name)) };
    }
    return notFound;
  }

  /** Of a path that there is, asked for with a method that it does not have. */
  #otherMethod({ url = '' }: IncomingMessage): Served {
    const [path = ''] = url.split('?');
    const parts = partsOf(path);
    const methods = this.#routes.filter((route) => fits(partsOf(route.path), parts)).flatMap((route) => route.methods);
    if (methods.length === 0) return notFound;
    const allow = [...new Set(methods)].toSorted().join(', ');
    return { ...notFound, handle: async () => notAllowedAnswer(allow) };
  }

  /** @param inPath parameters that are parts of the path */
  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    served: Served,
    inPath: Readonly<Record<string, string>> = noneInPath,
  ): void {
    const startedMs = performance.now();
    const intake = this.#intake;
    const closeAfterAnswer = () => this.#connections.get(request.socket)?.closeAfterAnswer(response);
    let isAnswered = false;
    const finish = (given: Answer) => {
      if (isAnswered) return;
      isAnswered = true;
      this.#waiting.delete(refuse);
      if (!request.complete) closeAfterAnswer();
      else if (intake.isClosing && !response.headersSent) response.setHeader('Connection', 'close');
      send(response, given, intake);
      intake.answered(served, request.method ?? '', given.status, startedMs);
    };
    const refuse = (error: HoldfastError) => finish(intake.refusalOf(served, error));
    this.#waiting.add(refuse);
    response.once('close', () => {
      this.#waiting.delete(refuse);
      // It was answered before that, and taken only now.
      if (intake.isClosing) this.#connections.get(request.socket)?.close();
    });
    const refusal = admissionOf(request, intake);
    if (refusal !== undefined) {
      closeAfterAnswer();
      finish(served.refuse(refusal));
      return;
    }
    allowOrigin(request, response, intake.admission);
    if (isPreflight(request, response)) {
      finish(answer(204, ''));
      return;
    }
    const serve = (body: Buffer | HoldfastError) => {
      if (body instanceof HoldfastError) {
        finish(served.refuse(body));
        return;
      }
      handled(served, body, inPath, askerOf(request)).then(
        (given) => finish(intake.answerOf(served, given)),
        (error: unknown) => finish(intake.refusalOf(served, error)),
      );
    };
    if (served.isAtOnce === true) this.#body(request, serve);
    else intake.turns.take(() => this.#body(request, serve));
  }

  /** A body where none belongs is refused if it is too long, and otherwise left where it is. */
  #body(request: IncomingMessage, done: (body: Buffer | HoldfastError) => void): void {
    const { bodies } = this.#intake;
    if (saysTooLong(request, bodies)) done(bodies.tooLarge());
    else if (methodsWithoutBody.has(request.method ?? '')) done(noBody);
    else readBody(request, this.#intake, done);
  }
}

/** A reset is followed by `close`, and nobody is there to be told. */
function onError(): void {}

/**
 * Async, so that whatever it throws is an answer, and so that no answer is given before node:http knows that the request
 * was whole; and no closure, which would keep the body for as long as it waits.
 */
async function handled(
  { handle }: Served,
  body: Buffer,
  inPath: Readonly<Record<string, string>>,
  asker: Asker,
): Promise<Answer> {
  const parameters = parametersOf(asker.head.target, inPath);
  if (parameters instanceof HoldfastError) throw parameters;
  return handle(body, parameters, asker);
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length && pattern.every((part, index) => part.startsWith(':') || part === parts[index])
  );
}
