import { contentLengthOf } from '../content-length.ts';
import type { RequestHead } from '../request-head.ts';
import { type HeadLine, type LaneHead, readHead } from './head-reader.ts';

/** So many heads are remembered of a request line, each at most so long. Clients of one service send the same. */
const headsOfALine = 8;
const longestHead = 2048;

/** Headers whose values are remembered, because they decide something or hardly ever change. All others are holes. */
const remembered: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'origin',
  'sec-fetch-site',
  'user-agent',
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
]);

/** The hole that is behind a piece of text. */
type Hole = 'length' | 'authorization' | 'traceparent' | 'requestId' | 'any';

const holes: Readonly<Record<string, Hole>> = Object.assign(Object.create(null), {
  'content-length': 'length',
  authorization: 'authorization',
  traceparent: 'traceparent',
  'x-request-id': 'requestId',
});

const value = /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/;

/** A head that was read, without the values of its holes. */
interface Shape {
  /** One more than there are holes: a hole stands between two of them. */
  readonly pieces: readonly string[];
  readonly holes: readonly Hole[];
  /** As it was read; what came from holes is missing. */
  readonly read: LaneHead;
}

/**
 * Reads heads, and remembers how: most are the same as one before but for the length of the body, and need not be
 * taken apart again. What is remembered is text that was read strictly, so that a head which is the same byte by byte
 * around its holes means the same. Values of holes are looked at every time and never kept.
 */
export class HeadMemory {
  readonly #shapes = new Map<string, Shape[]>();

  /** @param requestLines without a query; heads of no others are remembered, which bounds the memory */
  constructor(requestLines: Iterable<string>) {
    for (const line of requestLines) this.#shapes.set(line, []);
  }

  /** As `readHead`. */
  read(text: string): LaneHead | undefined {
    const shapes = this.#shapes.get(text.slice(0, text.indexOf('\r\n')));
    if (shapes === undefined) return readHead(text);
    for (const [index, shape] of shapes.entries()) {
      const read = readAs(shape, text);
      if (read === undefined) continue;
      // What is used stays; what is new has to prove itself at the end.
      if (index > 0) shapes.unshift(...shapes.splice(index, 1));
      return read;
    }
    const lines: HeadLine[] = [];
    const read = readHead(text, lines);
    if (read === undefined || text.length > longestHead) return read;
    if (shapes.length === headsOfALine) shapes.pop();
    shapes.push(shapeOf(text, lines, read));
    return read;
  }
}

function shapeOf(text: string, lines: readonly HeadLine[], read: LaneHead): Shape {
  const pieces: string[] = [];
  const found: Hole[] = [];
  let from = 0;
  for (const line of lines) {
    if (remembered.has(line.name)) continue;
    pieces.push(text.slice(from, line.from));
    found.push(holes[line.name] ?? 'any');
    from = line.to;
  }
  pieces.push(text.slice(from));
  const head = ownCopies(read.head);
  return { pieces: pieces.map(ownCopy), holes: found, read: { ...read, head, path: head.target } };
}

/** A slice of a string keeps the whole string, with the values that must not be kept. */
function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** @returns of the head what comes from no hole */
function ownCopies({ method, target, host, origin, fetchSite }: RequestHead): RequestHead {
  return {
    method,
    target: ownCopy(target),
    host: ownCopy(host),
    origin: origin && ownCopy(origin),
    fetchSite: fetchSite && ownCopy(fetchSite),
    contentEncoding: undefined,
    authorization: undefined,
    traceparent: undefined,
    requestId: undefined,
  };
}

/** Undefined: it is another head. */
function readAs({ pieces, holes, read }: Shape, text: string): LaneHead | undefined {
  const [first = ''] = pieces;
  if (!text.startsWith(first)) return undefined;
  let at = first.length;
  let { bodyBytes, head } = read;
  for (let index = 0; index < holes.length; index += 1) {
    const end = text.indexOf('\r', at);
    const inHole = text.slice(at, end);
    const piece = pieces[index + 1] ?? '';
    if (!text.startsWith(piece, end)) return undefined;
    at = end + piece.length;
    const hole = holes[index] ?? 'any';
    if (hole === 'length') {
      const length = contentLengthOf(inHole);
      if (length === undefined) return undefined;
      bodyBytes = length;
    } else if (!value.test(inHole)) return undefined;
    else if (hole !== 'any') head = { ...head, [hole]: inHole };
  }
  if (at !== text.length) return undefined;
  return { head, path: read.path, isLast: read.isLast, bodyBytes };
}
