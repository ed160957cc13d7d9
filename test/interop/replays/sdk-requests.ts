/** The bytes of a request to the coordinator, as the HTTP library and the JSON writer of an SDK put them. */

export interface SdkRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly host: string;
  /** The JSON value that the SDK serialises. */
  readonly body?: unknown;
}

/** .NET's HttpClient keeps its connections; it writes `Host` first and a body's headers last. */
export function csharp(request: SdkRequest, newline: '\n' | '\r\n' = '\n'): string {
  const head = [startLine(request), `Host: ${request.host}`];
  if (request.body === undefined) return assemble(head, '');
  const body = csharpJson(request.body, newline);
  return assemble([...head, 'Content-Type: application/json; charset=utf-8', contentLength(body)], body);
}

/** As `csharp`, for a body that .NET streams: its length is not known beforehand. */
export function csharpStreamed(request: SdkRequest): string {
  const body = csharpJson(request.body, '\n');
  const head = [startLine(request), `Host: ${request.host}`, 'Transfer-Encoding: chunked'];
  const chunk = `${Buffer.byteLength(body).toString(16).toUpperCase()}\r\n${body}\r\n0\r\n\r\n`;
  return assemble([...head, 'Content-Type: application/json; charset=utf-8'], chunk);
}

/** axios, under a Node that opens a connection for each request. */
export function node(request: SdkRequest): string {
  const accept = 'Accept: application/json, text/plain, */*';
  const tail = [`Host: ${request.host}`, 'Connection: close'];
  if (request.body === undefined)
    return assemble([startLine(request), accept, 'User-Agent: axios/0.27.2', ...tail], '');
  const body = JSON.stringify(request.body);
  const own = ['Content-Type: application/json', 'User-Agent: axios/0.27.2', contentLength(body)];
  return assemble([startLine(request), accept, ...own, ...tail], body);
}

/** Guzzle over cURL. */
export function php(request: SdkRequest): string {
  const head = [startLine(request), `Host: ${request.host}`, 'User-Agent: GuzzleHttp/7'];
  if (request.body === undefined) return assemble(head, '');
  const body = phpJson(request.body);
  return assemble([...head, 'Content-Type: application/json', contentLength(body)], body);
}

/** The Go SDK's HTTP library, for what a Go service sends on behalf of a transaction begun by another SDK. */
export function go(request: SdkRequest): string {
  const body = JSON.stringify(request.body);
  return assemble(
    [
      startLine(request),
      `Host: ${request.host}`,
      'User-Agent: go-resty/2.7.0 (https://github.com/go-resty/resty)',
      contentLength(body),
      'Content-Type: application/json',
      'Accept-Encoding: gzip',
    ],
    body,
  );
}

/** System.Text.Json, indented: by two spaces, lines as the platform ends them, and everything but plain ASCII escaped. */
function csharpJson(value: unknown, newline: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return JSON.stringify(value, null, 2)
    .replaceAll('\\"', '\\u0022')
    .replace(/[<>&'+`\u007f-\uffff]/g, escaped)
    .replaceAll('\n', newline);
}

/** json_encode: slashes are escaped, and everything but ASCII. */
function phpJson(value: unknown): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replace(/[\u007f-\uffff]/g, escaped);
}

function startLine({ method, path }: SdkRequest): string {
  return `${method} ${path} HTTP/1.1`;
}

function contentLength(body: string): string {
  return `Content-Length: ${Buffer.byteLength(body)}`;
}

function assemble(head: readonly string[], body: string): string {
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
