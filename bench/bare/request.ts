/** Of the requests that the bench sends, what is needed to call the branches. */
export interface BareRequest {
  readonly gid: string;
  readonly trans_type: string;
  readonly steps?: readonly { readonly action: string }[];
  readonly payloads?: readonly string[];
  readonly branch_id?: string;
  readonly confirm?: string;
  readonly data?: string;
}

/** @throws Error where it is something else */
export function readRequest(body: string): BareRequest {
  const request: unknown = JSON.parse(body);
  if (!isRequest(request)) throw new Error('this is no request of the bench');
  return request;
}

function isRequest(value: unknown): value is BareRequest {
  return typeof value === 'object' && value !== null && 'gid' in value && 'trans_type' in value;
}
