import { callKindOf, type Judge, judgeOf, type Payload } from '@holdfast/core';
import type { BranchCall } from '../../engine/ports.ts';
import { jsonRpcBody } from './json-rpc-body.ts';

/** How a call is put into an HTTP request, and what its answer means. */
export interface HttpForm {
  readonly method: 'GET' | 'POST';
  /** Sent with a POST. */
  readonly body: Payload;
  /** What names the branch is appended to the query of the URL. */
  readonly isNamedInQuery: boolean;
  readonly judge: Judge;
}

/**
 * @param newId for the id of a JSON-RPC request
 * @throws Error where the payload cannot be sent so
 */
export function httpFormOf(call: BranchCall, newId: () => string): HttpForm {
  const judge = judgeOf(call);
  if (callKindOf(call.url, call.protocol) === 'http') {
    return {
      method: methodOf(call.type, call.payload.length),
      body: call.payload,
      isNamedInQuery: true,
      judge,
    };
  }
  // What names the branch is among the params, and the query stays as it is.
  return { method: 'POST', body: jsonRpcBody(call, newId()), isNamedInQuery: false, judge };
}

/**
 * POST where there is something to send, for every call of an xa branch and for a workflow's callback; else GET without
 * body.
 */
function methodOf(type: string, payloadLength: number): 'GET' | 'POST' {
  return payloadLength > 0 || type === 'xa' || type === 'workflow' ? 'POST' : 'GET';
}
