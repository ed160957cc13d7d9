import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from '../admission.ts';

/** Tells the browser that a page of an allowed site may read the answer. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, admission: Admission): void {
  const { origin } = request.headers;
  if (!admission.isAllowedOrigin(origin)) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
}

/** The question that a browser asks before it lets such a page send a request; with the headers of its answer. */
export function isPreflight(request: IncomingMessage, response: ServerResponse): boolean {
  const asked = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || asked === undefined || !response.hasHeader('Access-Control-Allow-Origin')) {
    return false;
  }
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
  response.setHeader('Access-Control-Allow-Headers', request.headers['access-control-request-headers'] ?? '');
  response.setHeader('Access-Control-Allow-Private-Network', 'true');
  response.setHeader('Access-Control-Max-Age', '600');
  return true;
}
