import { HoldfastError, invalid, membersOf } from '@holdfast/core';
import { nameOf, type Parsed, parseFields, textOf } from '../wire/json.ts';

/** The codes of JSON-RPC answers. FAILURE and ONGOING have codes of their own, and nothing else has them. */
export const codes = {
  parseError: -32700,
  badRequest: -32600,
  unknownMethod: -32601,
  error: -32603,
  failure: -32901,
  ongoing: -32902,
} as const;

export interface RpcRequest {
  readonly id: string;
  readonly method: string;
  /** An empty object where there are none. */
  readonly params: Parsed;
  /** Characters of the whole request. */
  readonly length: number;
}

/** What is wrong with the envelope, before any method is asked. */
export interface RpcRefusal {
  readonly id: string;
  readonly code: number;
  readonly message: string;
}

const envelopeNames: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

/** As dtm reads it: keys match whatever their case, and the id is text. No batches and no notifications. */
export function decodeEnvelope(body: Buffer): RpcRequest | RpcRefusal {
  let text: string;
  let fields: Readonly<Record<string, unknown>>;
  try {
    text = textOf(body);
    fields = parseFields(text, envelopeNames);
    for (const name of ['jsonrpc', 'id', 'method']) {
      if (typeof (fields[name] ?? '') !== 'string') throw invalid(name, 'must be a string');
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { id: '', code: codes.parseError, message: `Parse json error: ${error.message}` };
  }
  const { id = '', jsonrpc, method = '' } = fields as Readonly<Record<string, string | undefined>>;
  if (id === '' || jsonrpc !== '2.0') {
    const message = 'Bad json request: jsonrpc must be "2.0", and id must not be empty';
    return { id, code: codes.badRequest, message };
  }
  return { id, method, params: { value: fields['params'] ?? {}, text: () => paramsText(text) }, length: text.length };
}

/** The last of several counts. */
function paramsText(text: string): string {
  let params = '{}';
  for (const [key, valueText] of membersOf(text)) {
    if (nameOf(key, envelopeNames) === 'params' && valueText.trim() !== 'null') params = valueText;
  }
  return params;
}

export function encodeResult(id: string, result: object | null): string {
  return JSON.stringify({ error: null, id, jsonrpc: '2.0', result });
}

/** As dtm: what a method refuses has an empty result, and what no method was asked has none. */
export function encodeError({ id, code, message }: RpcRefusal): string {
  const result = code === codes.error || code === codes.failure || code === codes.ongoing ? {} : null;
  return JSON.stringify({ error: { code, message }, id, jsonrpc: '2.0', result });
}
