import { grpcCodeOf, isGrpcUnavailable, judgeGrpc, parseRetryAfter } from '@holdfast/core';
import type { SentAnswer } from '../../engine/ports.ts';
import type { AnswerHead } from '../http2/session.ts';

/** What an answer says; `undefined` where it has no status yet. */
export type Judged = Pick<SentAnswer, 'outcome' | 'health'>;

const unknown = 2;

/** The status among headers or trailers, judged; undefined where there is none. */
export function judgeStatus(head: AnswerHead): Judged | undefined {
  const text = head.grpcStatus;
  if (text === undefined) return undefined;
  const isCode = /^\d{1,9}$/.test(text);
  const message = decodedMessage(head.grpcMessage ?? '');
  return judged(isCode ? Number(text) : unknown, isCode ? message : `a status that is not a number: ${message}`, 0);
}

/**
 * The head of an answer where it is none of gRPC: a proxy's, or that of another kind of service. Undefined: it is one.
 * @param wallMs now, for Retry-After
 */
export function judgeHead(head: AnswerHead, wallMs: number): Judged | undefined {
  const statusCode = head.status;
  if (statusCode !== 200) {
    const withStatus = judgeStatus(head);
    if (withStatus !== undefined && isGrpc(head)) return withStatus;
    const retryAfterMs = parseRetryAfter(head.retryAfter, wallMs);
    return judged(grpcCodeOf(statusCode), `HTTP ${statusCode}: ${whyHttp(statusCode)}`, retryAfterMs);
  }
  if (isGrpc(head)) return undefined;
  return judged(unknown, `the answer is not gRPC: ${contentTypeOf(head)}. ${notGrpcServer}`, 0);
}

const notGrpcServer = 'A web server or a proxy answered; check host, port and path';

/** What such an answer to a gRPC call mostly means. */
const meanings: ReadonlyMap<number, string> = new Map([
  [400, 'a server or proxy did not understand the call as gRPC'],
  [401, 'a server or proxy demands a login before gRPC'],
  [403, 'a server or proxy forbids the call before gRPC'],
  [404, `no gRPC is served at this address. ${notGrpcServer}`],
  [405, `no gRPC is served at this address, and no POST. ${notGrpcServer}`],
  [408, 'a proxy waited too long for the call'],
  [413, 'a proxy takes no message of this size'],
  [415, 'the server does not take the content type application/grpc. It serves no gRPC at this address'],
  [429, 'a proxy takes no more calls for now'],
  [431, 'a server or proxy takes no headers of this size (branch_headers)'],
  [464, 'a load balancer has no target that takes gRPC at this address'],
  [502, 'a proxy could not reach the service'],
  [503, 'a proxy has no service that is ready'],
  [504, 'a proxy waited too long for the service'],
]);

function whyHttp(statusCode: number): string {
  const meaning = meanings.get(statusCode);
  if (meaning !== undefined) return meaning;
  if (statusCode >= 300 && statusCode < 400) return `gRPC follows no redirect. ${notGrpcServer}`;
  return `the answer is not gRPC. ${notGrpcServer}`;
}

/** Named where it is an ordinary one: the text is the service's. */
function contentTypeOf({ contentType: type }: AnswerHead): string {
  if (type === undefined || type === '') return 'it has no content type';
  const [plain] = /^[a-z]+\/[a-z0-9.+-]{1,60}(?=$|[; ])/.exec(type.toLowerCase()) ?? [];
  return plain === undefined ? 'its content type is another' : `its content type is ${plain}`;
}

function isGrpc({ contentType }: AnswerHead): boolean {
  return /^application\/grpc(?:$|[+;])/i.test(contentType ?? '');
}

function judged(code: number, message: string, retryAfterMs: number): Judged {
  const outcome = judgeGrpc(code, message, retryAfterMs);
  return { outcome, health: isGrpcUnavailable(code) ? 'unavailable' : 'ok' };
}

/** Percent-encoded UTF-8; what is encoded wrongly, or not at all, stands for itself. */
function decodedMessage(value: string): string {
  if (value === '') return '';
  const raw = Buffer.from(value, 'latin1');
  if (!raw.includes(0x25)) return raw.toString('utf8');
  const bytes = raw.toString('latin1').replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
