import { chunkLineOf } from './chunk-line.ts';
import { type AnswerHead, HeadReader, noHttp, startsAsHttp } from './head.ts';
import { KnownHead } from './known-head.ts';
import { Lines } from './lines.ts';

/** What an answer turns out to be, in order: a head, pieces of the body, its end. `refused` ends it at any point. */
export interface AnswerEvents {
  answerHead(head: AnswerHead): void;
  /** Bytes of the body, valid only during the call. */
  answerBody(bytes: Buffer, from: number, to: number): void;
  /** @param isReusable the connection can serve another call: the answer ended exactly where the bytes did */
  answerEnd(isReusable: boolean): void;
  /** @param reason what is wrong with the answer: `it has ...` */
  answerRefused(reason: string): void;
}

/**
 * `status` and `headers`, which a 1xx begins again, then the body as its framing says, then `whole`. `refused` and
 * `stopped` are left by `expect` alone.
 */
type State =
  | 'status'
  | 'headers'
  | 'length'
  | 'close'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'whole'
  | 'refused'
  | 'stopped';

/**
 * Reads answers of HTTP/1.1, one after the other, from bytes that arrive in any pieces. It takes what Go's net/http and
 * Node's parser both read in the same way. Beyond that it takes what has one meaning only, because the call has run
 * already: any 1xx, also one that nobody asked for, equal Content-Length several times, and lines that end in
 * a bare LF; of chunks only where the first line does so as well.
 */
export class AnswerParser {
  readonly #headBytesMax: number;
  readonly #lines = new Lines();
  readonly #head = new HeadReader();
  readonly #known = new KnownHead();
  #state: State = 'stopped';
  #events: AnswerEvents = nobody;
  /** Of heads, 1xx included, extensions of chunks and trailers. */
  #headBytes = 0;
  /** Of the body, or of the chunk that is being read. */
  #left = 0;
  #isKept = false;
  /** Its lines end in a bare LF. */
  #isBare = false;

  /** @param headBytesMax the most bytes of heads, 1xx and trailers of one answer */
  constructor(headBytesMax: number) {
    this.#headBytesMax = headBytesMax;
  }

  /** The bytes that come from now on are an answer. */
  expect(events: AnswerEvents): void {
    this.#events = events;
    this.#state = 'status';
    this.#headBytes = 0;
  }

  /** Nobody wants to know more of this answer. */
  stop(): void {
    this.#state = 'stopped';
    this.#events = nobody;
    this.#lines.clear();
  }

  push(bytes: Buffer, length: number): void {
    let at = this.#state === 'status' ? this.#knownHead(bytes, length) : 0;
    if (this.#isEnd()) {
      this.#whole(at === length);
      return;
    }
    while (at < length) {
      switch (this.#state) {
        case 'length':
        case 'chunk-data':
          at = this.#counted(bytes, at, length);
          break;
        case 'close':
          this.#events.answerBody(bytes, at, length);
          return;
        case 'status':
        case 'headers':
        case 'chunk-size':
        case 'chunk-end':
        case 'trailers':
          at = this.#line(bytes, at, length);
          if (at < 0) return;
          break;
        case 'whole':
        case 'refused':
        case 'stopped':
          return;
        default:
          this.#state satisfies never;
      }
      if (this.#isEnd()) {
        this.#whole(at === length);
        return;
      }
    }
  }

  /** The service has ended the connection. False: in the middle of the answer. */
  end(): boolean {
    if (this.#state !== 'close') return false;
    this.#whole(false);
    return true;
  }

  #isEnd(): boolean {
    return this.#state === 'whole';
  }

  #whole(isAll: boolean): void {
    this.#state = 'whole';
    const events = this.#events;
    this.#events = nobody;
    events.answerEnd(this.#isKept && isAll);
  }

  #counted(bytes: Buffer, from: number, length: number): number {
    const to = Math.min(length, from + this.#left);
    this.#left -= to - from;
    if (this.#left === 0) this.#state = this.#state === 'length' ? 'whole' : 'chunk-end';
    this.#events.answerBody(bytes, from, to);
    return to;
  }

  /** @returns where the next line begins; -1: there is none, or it is not wanted any more */
  #line(bytes: Buffer, from: number, length: number): number {
    const lines = this.#lines;
    const next = lines.next(bytes, from, length);
    const isWhole = next >= 0;
    if (this.#state === 'status') {
      const isHttp = isWhole
        ? startsAsHttp(lines.bytes, lines.from, lines.to)
        : startsAsHttp(lines.kept, 0, lines.keptLength);
      if (!isHttp) return this.#refuse(noHttp);
    }
    this.#headBytes += this.#countedBytes((isWhole ? next : length) - from);
    const lineBytes = isWhole ? lines.to - lines.from : lines.keptLength;
    if (Math.max(this.#headBytes, lineBytes) > this.#headBytesMax) {
      return this.#refuse(`its headers are larger than ${this.#headBytesMax} bytes`);
    }
    if (!isWhole) return -1;
    const head = this.#state === 'headers' && lines.from === lines.to ? this.#head.whole() : undefined;
    const reason =
      head === undefined ? this.#read(lines.bytes, lines.from, lines.to) : this.#headWhole(head, bytes, next);
    if (reason !== undefined) return this.#refuse(reason);
    return this.#state === 'stopped' ? -1 : next;
  }

  /** @returns where the body begins; 0: the head is another one than before */
  #knownHead(bytes: Buffer, length: number): number {
    const { head, isBare, length: headBytes } = this.#known;
    const isFirst = this.#headBytes === 0 && this.#lines.keptLength === 0;
    if (head === undefined || !isFirst || !this.#known.isIn(bytes, length)) return 0;
    this.#headBytes = headBytes;
    this.#isBare = isBare;
    this.#begin(head);
    return headBytes;
  }

  /** Lines of chunks are no part of heads, but for what stands behind a size. */
  #countedBytes(bytes: number): number {
    return this.#state === 'chunk-size' || this.#state === 'chunk-end' ? 0 : bytes;
  }

  /** One whole line. */
  #read(bytes: Buffer, from: number, to: number): string | undefined {
    const isBlank = from === to;
    switch (this.#state) {
      case 'status': {
        this.#head.clear();
        const reason = this.#head.statusLine(bytes, from, to);
        if (reason === undefined) this.#state = 'headers';
        this.#isBare = this.#lines.isBare;
        return reason;
      }
      case 'headers':
        return this.#head.header(bytes, from, to);
      case 'chunk-size':
        return this.#chunkSize(bytes, from, to) ?? this.#otherLineEnd();
      case 'chunk-end':
        this.#state = 'chunk-size';
        return isBlank ? this.#otherLineEnd() : 'a chunk is longer than its size';
      default:
        if (isBlank) this.#state = 'whole';
        return isBlank ? undefined : this.#head.trailer(bytes, from, to);
    }
  }

  /** @param next where its body begins */
  #headWhole(head: AnswerHead | string, bytes: Buffer, next: number): string | undefined {
    const { statusCode } = this.#head;
    if (statusCode === 101) return 'its status is 101, but Holdfast did not ask for another protocol';
    if (typeof head === 'string') return head;
    if (statusCode < 200) {
      this.#state = 'status';
      return undefined;
    }
    // It came in one piece, and no other answer's bytes stand before it.
    if (this.#headBytes === next) this.#known.learn(bytes, next, head, this.#isBare);
    this.#begin(head);
    return undefined;
  }

  #begin(head: AnswerHead): void {
    this.#isKept = head.isKept && head.framing !== 'close';
    this.#left = head.length;
    this.#state = stateOf(head);
    this.#events.answerHead(head);
  }

  #chunkSize(bytes: Buffer, from: number, to: number): string | undefined {
    const line = chunkLineOf(bytes, from, to);
    if (typeof line === 'string') return line;
    this.#headBytes += line.extraBytes;
    this.#left = line.size;
    this.#state = line.size === 0 ? 'trailers' : 'chunk-data';
    return undefined;
  }

  /** Else one byte could be the last of a chunk, or the first of a line end. */
  #otherLineEnd(): string | undefined {
    return this.#lines.isBare === this.#isBare
      ? undefined
      : 'a line of its chunks ends in another way than its first line';
  }

  #refuse(reason: string): -1 {
    const events = this.#events;
    this.stop();
    this.#state = 'refused';
    events.answerRefused(reason);
    return -1;
  }
}

function stateOf({ framing, length }: AnswerHead): State {
  switch (framing) {
    case 'length':
      return length === 0 ? 'whole' : 'length';
    case 'chunked':
      return 'chunk-size';
    case 'close':
      return 'close';
    default:
      return framing satisfies never;
  }
}

const nobody: AnswerEvents = {
  answerHead: () => undefined,
  answerBody: () => undefined,
  answerEnd: () => undefined,
  answerRefused: () => undefined,
};
