import { shorten } from './attempts.ts';
import type { Outcome } from './fact.ts';

/** What an outcome keeps of the answer's text, in bytes of UTF-8; the rest is cut off, after judging. */
export const outcomeMessageBytes = 4096;

/**
 * What an HTTP answer of a branch means, in this order: 425 or the text ONGOING; 409 or the
 * text FAILURE, with any status; any status but 200 is an error, 201 and 204 included; else success.
 * @param retryAfterMs what the answer's Retry-After header asked for, 0 without one
 * @param unread why `body` is not the whole text, empty where it is. A code or a word that was seen counts; what would
 *   be a success without the missing part is an error, because that part may say otherwise.
 */
export function judgeHttp(statusCode: number, body: string, retryAfterMs: number, unread = ''): Outcome {
  if (statusCode === 425 || body.includes('ONGOING')) return { kind: 'ongoing', message: ongoingText(body) };
  if (statusCode === 409 || body.includes('FAILURE')) {
    return { kind: 'failure', message: failureText(shorten(body, outcomeMessageBytes)) };
  }
  if (statusCode === 200 && unread === '') return { kind: 'success' };
  const parts = [statusCode === 200 ? '' : `HTTP ${statusCode}`, unread, body].filter((part) => part !== '');
  return { kind: 'error', message: shorten(parts.join(': '), outcomeMessageBytes), retryAfterMs };
}

/**
 * What the answer to a JSON-RPC call means: first as any HTTP answer, then by its `error`: the
 * codes -32901 and -32902 mean failure and ongoing, under any HTTP status, since nobody but the service can say them.
 */
export function judgeJsonRpc(statusCode: number, body: string, retryAfterMs: number, unread = ''): Outcome {
  const outcome = judgeHttp(statusCode, body, retryAfterMs, unread);
  if ((outcome.kind !== 'success' && outcome.kind !== 'error') || unread !== '') return outcome;
  const answer = objectIn(body);
  const error = answer?.['error'] ?? undefined;
  const { code, message } = isObject(error) ? error : { code: undefined, message: undefined };
  const text = shorten(typeof message === 'string' ? message : body, outcomeMessageBytes);
  if (code === -32901) return { kind: 'failure', message: failureText(text) };
  if (code === -32902) return { kind: 'ongoing', message: text };
  if (outcome.kind === 'error' || (answer !== undefined && error === undefined)) return outcome;
  const what = answer === undefined ? 'the answer is not JSON-RPC' : `JSON-RPC error ${Number(code) || 'without code'}`;
  return { kind: 'error', message: shorten(`${what}: ${text}`, outcomeMessageBytes), retryAfterMs };
}

/** The codes of gRPC, by number. */
const grpcCodes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/**
 * What a gRPC status of a branch means: ABORTED is failure, but with the message ONGOING of old
 * services; FAILED_PRECONDITION is ongoing; any other code but OK is an error. Words in a message mean nothing else.
 */
export function judgeGrpc(code: number, message: string, retryAfterMs = 0): Outcome {
  switch (grpcCodes[code]) {
    case 'OK':
      return { kind: 'success' };
    case 'FAILED_PRECONDITION':
      return { kind: 'ongoing', message: shorten(message, outcomeMessageBytes) };
    case 'ABORTED':
      if (message === 'ONGOING') return { kind: 'ongoing', message };
      return { kind: 'failure', message: failureText(shorten(message, outcomeMessageBytes)) };
    default: {
      // To a client that waits over HTTP the two words would mean an outcome.
      const text = message.replace(/FAILURE|ONGOING/g, '...');
      const parts = [`gRPC ${code} ${grpcCodes[code] ?? 'of an unknown meaning'}`, text].filter((part) => part !== '');
      return { kind: 'error', message: shorten(parts.join(': '), outcomeMessageBytes), retryAfterMs };
    }
  }
}

/** Whether an error status says that the service cannot serve now, rather than that it could not do this. */
export function isGrpcUnavailable(code: number): boolean {
  return grpcCodes[code] === 'UNAVAILABLE' || grpcCodes[code] === 'DEADLINE_EXCEEDED';
}

/** The code that an HTTP status without a gRPC one stands for, as gRPC maps them. */
export function grpcCodeOf(statusCode: number): number {
  return grpcCodes.indexOf(grpcNames.get(statusCode) ?? 'UNKNOWN');
}

const grpcNames: ReadonlyMap<number, (typeof grpcCodes)[number]> = new Map([
  [400, 'INTERNAL'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'UNIMPLEMENTED'],
  [429, 'UNAVAILABLE'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'UNAVAILABLE'],
]);

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Whoever asks says that it is no JSON.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text with exactly one trailing ` FAILURE`. No regular expression: a long run of blanks must not take long. */
export function failureText(text: string): string {
  let bare = text;
  for (let trimmed = bare.trimEnd(); trimmed.endsWith('FAILURE'); trimmed = bare.trimEnd()) {
    bare = trimmed.slice(0, -'FAILURE'.length).trimEnd();
  }
  return bare === '' ? 'FAILURE' : `${bare} FAILURE`;
}

/** Cut to its limit; the word that made it ongoing stays. */
function ongoingText(text: string): string {
  const short = shorten(text, outcomeMessageBytes);
  return short.length === text.length || short.includes('ONGOING') ? short : `${short} ONGOING`;
}

/** Retry-After in seconds or as an HTTP date, as milliseconds from now; 0 where it says nothing usable. */
export function parseRetryAfter(value: string | undefined, wallMs: number): number {
  if (value === undefined) return 0;
  if (/^\d+$/.test(value.trim())) return Math.min(Number(value.trim()) * 1000, Number.MAX_SAFE_INTEGER);
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - wallMs);
}
