import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { reasonOf } from '../../failure-reason.ts';
import type { AnswerHead } from '../answer/head.ts';
import type { HttpRequest, Wire, WireEvents } from '../wire.ts';

/** The connection that a call has its stream on. */
export interface StreamSource {
  /** It served a call before. */
  readonly isReused: boolean;
  /** Why all of its streams have ended; undefined: they have not. */
  readonly endedBy: string | undefined;
  /** The machine's monotonic time. */
  nowMs(): number;
  /** @throws Error where it cannot begin; nothing was sent then */
  request(request: HttpRequest): ClientHttp2Stream;
  /** Something of a call has come. */
  heard(): void;
  /** A call was given up that began then. */
  suspect(sinceMs: number): void;
  /** Nobody wants it any more. It closes with what was written before, or after a moment. */
  abandon(stream: ClientHttp2Stream): void;
  /** Whether the service has said, by a refusal or by going away, that it has not processed a stream. */
  isUnprocessed(stream: Pick<ClientHttp2Stream, 'id' | 'rstCode'>): boolean;
  /** A wire has ended. @param wasUsed it had a stream */
  free(wasUsed: boolean): void;
}

/** One call on a stream of HTTP/2. */
export class Http2Wire implements Wire {
  readonly #session: StreamSource;
  /** It had served a call before this one. */
  readonly #isReused: boolean;
  #stream: ClientHttp2Stream | undefined;
  #events: WireEvents | undefined;
  #begunMs = 0;
  #writtenMs: number | undefined;
  #hasAnswerBegun = false;
  /** Bytes of the body that are still to come, where the service has said how many there are. */
  #left: number | undefined;
  #why = '';

  constructor(session: StreamSource) {
    this.#session = session;
    this.#isReused = session.isReused;
  }

  begin(request: HttpRequest, events: WireEvents): void {
    this.#events = events;
    this.#begunMs = this.#session.nowMs();
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(request);
    } catch (error) {
      this.#why = reasonOf(error);
      process.nextTick(() => this.#notBegun());
      return;
    }
    this.#stream = stream;
    this.#listen(stream);
    if (request.method === 'GET') this.#writtenMs = this.#begunMs;
    else {
      stream.end(request.body, () => {
        this.#writtenMs = this.#session.nowMs();
      });
    }
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  release(isReusable: boolean): void {
    this.#events = undefined;
    const stream = this.#stream;
    if (stream === undefined) {
      this.#session.free(false);
      return;
    }
    if (!isReusable) this.#session.suspect(this.#begunMs);
    // Its place is free when it has closed: until then the service counts it.
    if (!stream.closed) {
      // A service that has answered may never read the rest of the request: node would wait until it does.
      const isDone = isReusable && stream.writableFinished;
      this.#session.abandon(stream);
      stream.close(isDone ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
    }
    stream.resume();
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('response', (headers) => {
      this.#session.heard();
      this.#hasAnswerBegun = true;
      const head = headOf(headers);
      const isBodiless = head.statusCode === 204 || head.statusCode === 304;
      this.#left = head.framing === 'length' && !isBodiless ? head.length : undefined;
      this.#events?.answerHead(head);
    });
    stream.on('data', (chunk: Buffer) => {
      this.#session.heard();
      if (this.#left !== undefined) this.#left -= chunk.length;
      this.#events?.answerBody(chunk, 0, chunk.length);
    });
    stream.on('end', () => {
      // A stream that is cut ends as well.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || !this.#hasAnswerBegun || (this.#left ?? 0) > 0) return;
      this.#told()?.answerEnd(true);
    });
    stream.on('error', (error) => {
      this.#why = reasonOf(error);
    });
    stream.on('close', () => {
      this.#session.free(true);
      this.#lost();
    });
  }

  /** Whoever has released it since then has freed its place. */
  #notBegun(): void {
    if (this.#events === undefined) return;
    this.#session.free(false);
    this.#lost();
  }

  #lost(): void {
    const stream = this.#stream;
    const isUnprocessed = stream !== undefined && this.#session.isUnprocessed(stream);
    const code = stream?.rstCode ?? 0;
    this.#told()?.wireLost({
      reason:
        this.#session.endedBy ??
        (code !== constants.NGHTTP2_NO_ERROR || this.#why === '' ? reasonOfCode(code) : this.#why),
      // What the service says that it has not processed is sent again like a call on a connection that was closing.
      isReused: this.#isReused || isUnprocessed,
      hasAnswerBegun: this.#hasAnswerBegun,
      sinceWrittenMs: isUnprocessed || this.#writtenMs === undefined ? 0 : this.#session.nowMs() - this.#writtenMs,
    });
  }

  /** Whose call it is, told for the last time. */
  #told(): WireEvents | undefined {
    const events = this.#events;
    this.#events = undefined;
    return events;
  }
}

function reasonOfCode(code: number): string {
  return code === constants.NGHTTP2_NO_ERROR
    ? 'the service ended the call without an answer'
    : `the service reset the call (${names[code] ?? code})`;
}

const names: Readonly<Record<number, string>> = {
  [constants.NGHTTP2_PROTOCOL_ERROR]: 'PROTOCOL_ERROR',
  [constants.NGHTTP2_INTERNAL_ERROR]: 'INTERNAL_ERROR',
  [constants.NGHTTP2_FLOW_CONTROL_ERROR]: 'FLOW_CONTROL_ERROR',
  [constants.NGHTTP2_STREAM_CLOSED]: 'STREAM_CLOSED',
  [constants.NGHTTP2_REFUSED_STREAM]: 'REFUSED_STREAM',
  [constants.NGHTTP2_CANCEL]: 'CANCEL',
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: 'ENHANCE_YOUR_CALM',
  [constants.NGHTTP2_HTTP_1_1_REQUIRED]: 'HTTP_1_1_REQUIRED',
};

function headOf(headers: IncomingHttpHeaders): AnswerHead {
  const lengthText = first(headers['content-length']);
  const length = lengthText !== undefined && /^\d{1,15}$/.test(lengthText) ? Number(lengthText) : undefined;
  return {
    statusCode: Number(headers[':status'] ?? 0),
    framing: length === undefined ? 'close' : 'length',
    length: length ?? 0,
    isKept: true,
    keptForMs: undefined,
    contentEncoding: first(headers['content-encoding']) ?? '',
    retryAfter: first(headers['retry-after']),
    location: first(headers.location),
  };
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
