import { errorCatalogue, HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import { type Answer, answer, retryAfterSeconds, textType } from '../http/answer.ts';
import type { RequestObserver } from '../observer.ts';
import type { Noted } from '../wire/unknown.ts';
import { codes, decodeEnvelope, encodeError, encodeResult, type RpcRefusal, type RpcRequest } from './envelope.ts';
import { type Methods, type Reply, rpcMethods } from './methods.ts';

export interface RpcParts {
  readonly coordinator: Coordinator;
  readonly observer: RequestObserver;
  /** Told of the fields of a request that mean nothing; with what it makes of the answer. */
  noted(api: string, asked: Noted, answer: Answer): Answer;
}

/** What is counted where no method is named that there is. */
const unknown = 'unknown';

/** dtm's JSON-RPC API on the HTTP port (docs/http-api.md#the-json-rpc-route). */
export function rpcRoute({ coordinator, observer, noted }: RpcParts): (body: Buffer) => Promise<Answer> {
  const methods = rpcMethods(coordinator);
  const observes = new Map(
    [...methods.keys(), unknown].map((name) => [name, observer.route('json-rpc', name.toLowerCase())]),
  );
  const serve = async (request: RpcRequest | RpcRefusal) => {
    const startedMs = performance.now();
    const [name, given, isFine] =
      'code' in request
        ? ([unknown, refusalAnswer(request), false] as const)
        : ([request.method, ...(await answered(request, methods, { observer, noted }))] as const);
    observes.get(name)?.(isFine, performance.now() - startedMs);
    return given;
  };
  // What is async keeps what it was given: not the body.
  return (body) => serve(requestOf(body, methods));
}

/** What HTTP itself refuses, such as a body over the limit: there is no id to answer with. */
export function refusedAnswer(error: unknown): Answer {
  return errorAnswer('', error, true);
}

function requestOf(body: Buffer, methods: Methods): RpcRequest | RpcRefusal {
  const request = decodeEnvelope(body);
  if ('code' in request || methods.has(request.method)) return request;
  const names = [...methods.keys()].join(', ');
  return { id: request.id, code: codes.unknownMethod, message: `Method not found: there are ${names}` };
}

/** dtm says text of the answer to what it could not parse. */
function refusalAnswer(refusal: RpcRefusal): Answer {
  const body = encodeError(refusal);
  return refusal.code === codes.parseError ? answer(400, body, 0, textType) : answer(200, body);
}

async function answered(
  { id, method, ...asked }: RpcRequest,
  methods: Methods,
  { observer, noted }: Pick<RpcParts, 'observer' | 'noted'>,
): Promise<readonly [Answer, isFine: boolean]> {
  try {
    let taken: Noted = {};
    const reply = await methods.get(method)?.(asked, (noted) => {
      taken = noted;
    });
    if (reply === undefined) throw new Error('a method that was found is there');
    return [
      noted(method.toLowerCase(), taken, replyAnswer(id, reply)),
      reply.kind === 'success' || reply.kind === 'gid',
    ];
  } catch (error) {
    if (!(error instanceof HoldfastError)) observer.broke('json-rpc', error);
    return [errorAnswer(id, error), false];
  }
}

function replyAnswer(id: string, reply: Reply): Answer {
  switch (reply.kind) {
    case 'gid':
      return answer(200, encodeResult(id, { gid: reply.gid }));
    case 'success':
      return answer(200, encodeResult(id, null));
    case 'failure':
      return answer(200, encodeError({ id, code: codes.failure, message: reply.message }));
    case 'ongoing':
      return answer(200, encodeError({ id, code: codes.ongoing, message: reply.message }));
    case 'error':
      return answer(200, encodeError({ id, code: codes.error, message: reply.message }));
    default:
      return reply satisfies never;
  }
}

/** Whoever asks too much is told by the status as well. */
const saidByStatus: ReadonlySet<number> = new Set([413, 429, 503]);

/** With when to come back, where it is overloaded. A defect's text stays in the log. */
function errorAnswer(id: string, error: unknown, isByHttp = false): Answer {
  const known = error instanceof HoldfastError ? error : new HoldfastError('INTERNAL', errorCatalogue.INTERNAL.text);
  const code = known.code === 'WRONG_STATUS' ? codes.failure : codes.error;
  const { http } = errorCatalogue[known.code];
  const status = saidByStatus.has(http) || (isByHttp && http < 500) ? http : 200;
  return answer(
    status,
    encodeError({ id, code, message: known.message }),
    retryAfterSeconds(status, known.retryAfterMs),
  );
}
