/**
 * Every refusal Holdfast gives, in one place. `http` is never 409 or 425 for bad input: those two mean an outcome to SDKs.
 * A message never echoes what the caller sent: it could contain FAILURE or ONGOING, which mean an outcome as well.
 */
export const errorCatalogue = {
  INVALID_INPUT: { http: 400, grpc: 3, text: 'the request is not valid' },
  FORBIDDEN: { http: 403, grpc: 7, text: 'this client is not admitted' },
  NOT_FOUND: { http: 404, grpc: 5, text: 'no such transaction' },
  WRONG_STATUS: { http: 409, grpc: 10, text: 'the transaction is in a status that does not allow this' },
  BRANCH_EXISTS: { http: 500, grpc: 6, text: 'this branch is already registered with other content' },
  TOO_LARGE: { http: 413, grpc: 8, text: 'the request is larger than the limit' },
  UNSUPPORTED: { http: 415, grpc: 3, text: 'the request has a form that is not supported' },
  OVERLOADED: { http: 429, grpc: 14, text: 'the coordinator takes no new transactions for now' },
  UNAVAILABLE: { http: 503, grpc: 14, text: 'the coordinator cannot serve this now' },
  INTERNAL: { http: 500, grpc: 13, text: 'internal error' },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** The one error type. `field` names what was wrong in the input; `retryAfterMs` says when to come back (0: no hint). */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly field: string;
  readonly retryAfterMs: number;

  constructor(code: ErrorCode, message: string, more: { field?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.field = more.field ?? '';
    this.retryAfterMs = more.retryAfterMs ?? 0;
  }
}

/** Bad input, refused whole: names the field, says what is allowed, never echoes the value. */
export function invalid(field: string, allowed: string): HoldfastError {
  return new HoldfastError('INVALID_INPUT', `${field}: ${allowed}`, { field });
}
