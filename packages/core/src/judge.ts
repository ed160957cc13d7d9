import { asQuery } from './dtm-result.ts';
import type { Outcome } from './fact.ts';
import { judgeHttp, judgeJsonRpc } from './outcome.ts';
import { callKindOf } from './target.ts';
import type { TransactionType } from './transaction.ts';

/** What an answer over HTTP means; see `judgeHttp` for what it is told. */
export type Judge = (statusCode: number, body: string, retryAfterMs: number, unread?: string) => Outcome;

/** How the answer to a call over HTTP or JSON-RPC is judged. The query of a message has the operation `msg`. */
export function judgeOf({ type, op, url, protocol }: JudgedCall): Judge {
  const isQuery = type === 'msg' && op === 'msg';
  if (callKindOf(url, protocol) === 'json-rpc') return isQuery ? judgeQueryOfJsonRpc : judgeJsonRpc;
  return isQuery ? judgeQueryOfHttp : judgeHttp;
}

interface JudgedCall {
  readonly type: TransactionType;
  readonly op: string;
  readonly url: string;
  readonly protocol: string;
}

const judgeQueryOfHttp: Judge = (statusCode, body, ...rest) => asQuery(judgeHttp(statusCode, body, ...rest), body);

const judgeQueryOfJsonRpc: Judge = (statusCode, body, ...rest) =>
  asQuery(judgeJsonRpc(statusCode, body, ...rest), body);
