import { contentLengthOf } from '../content-length.ts';
import type { RequestHead } from '../request-head.ts';

/** What a head says that the lane serves. */
export interface LaneHead {
  readonly head: RequestHead;
  /** The path alone. */
  readonly path: string;
  /** The answer is the last one of the connection: `Connection: close`. */
  readonly isLast: boolean;
  readonly bodyBytes: number;
}

/** A header of a head that was read, in the order of the head. */
export interface HeadLine {
  readonly name: string;
  /** Where its value begins and ends in the text of the head, without the spaces around it. */
  readonly from: number;
  readonly to: number;
}

const requestLine = /^(GET|POST) (\/[\x21-\x22\x24-\x7e]*) HTTP\/1\.1$/;
const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*)$/;

/** Whoever sends one of these means something that node:http does. */
const notForTheLane: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'trailer',
  'http2-settings',
]);

/** A second one of these would leave it open which one counts. */
const once: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'origin',
  'sec-fetch-site',
  'authorization',
  'traceparent',
  'x-request-id',
]);

/**
 * Reads a whole head, from its request line to the empty line, where there is only one way to read it: GET or POST of a
 * path, HTTP/1.1, one Host, header names that are tokens, values in ASCII, lines that end in CR LF, no folded lines, and
 * with POST exactly one Content-Length of digits. Undefined for all else, be it right or wrong: node:http judges that.
 * @param text a character for each byte
 * @param lines takes the headers, where somebody wants to know how it was read
 */
export function readHead(text: string, lines: HeadLine[] = []): LaneHead | undefined {
  const first = text.indexOf('\r\n');
  const asked = requestLine.exec(text.slice(0, first));
  if (asked === null) return undefined;
  const [, method = '', target = ''] = asked;
  const values: Record<string, string | undefined> = Object.create(null);
  const end = text.length - 2;
  for (let from = first + 2; from < end; ) {
    const to = text.indexOf('\r\n', from);
    const line = headerLine.exec(text.slice(from, to));
    if (line === null) return undefined;
    const name = (line[1] ?? '').toLowerCase();
    const value = (line[2] ?? '').replace(/[ \t]+$/, '');
    if (notForTheLane.has(name) || (once.has(name) && values[name] !== undefined)) return undefined;
    values[name] = value;
    const valueFrom = to - (line[2] ?? '').length;
    lines.push({ name, from: valueFrom, to: valueFrom + value.length });
    from = to + 2;
  }
  const { host } = values;
  const isLast = isLastOf(values['connection']);
  const bodyBytes = bodyBytesOf(method, values['content-length']);
  if (host === undefined || isLast === undefined || bodyBytes === undefined) return undefined;
  const head: RequestHead = {
    method,
    target,
    host,
    origin: values['origin'],
    fetchSite: values['sec-fetch-site'],
    contentEncoding: undefined,
    authorization: values['authorization'],
    traceparent: values['traceparent'],
    requestId: values['x-request-id'],
  };
  const mark = target.indexOf('?');
  return { head, path: mark === -1 ? target : target.slice(0, mark), isLast, bodyBytes };
}

function isLastOf(connection: string | undefined): boolean | undefined {
  switch (connection?.toLowerCase()) {
    case undefined:
    case 'keep-alive':
      return false;
    case 'close':
      return true;
    default:
      return undefined;
  }
}

/** A GET has no body here. */
function bodyBytesOf(method: string, length: string | undefined): number | undefined {
  if (method === 'GET') return length === undefined ? 0 : undefined;
  return length === undefined ? undefined : contentLengthOf(length);
}
