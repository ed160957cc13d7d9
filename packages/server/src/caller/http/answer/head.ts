import { isHeaderText, isTokenCharacter, trimmed } from './characters.ts';

/** What counts of an answer's status line and headers. */
export interface AnswerHead {
  readonly statusCode: number;
  /** How the body ends: by its `length`, by chunks, or where the service closes. */
  readonly framing: 'length' | 'chunked' | 'close';
  readonly length: number;
  /** Whether the service keeps the connection for another call, as far as it says. */
  readonly isKept: boolean;
  /** How long the service says that it keeps it, in ms; undefined: it does not say. */
  readonly keptForMs: number | undefined;
  /** Empty where the header is missing, as the others. */
  readonly contentEncoding: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
}

/**
 * Gathers a head line by line. Each method returns why the line is refused, as what is wrong with the answer; undefined
 * where it is taken. No reason repeats what the service sent.
 */
export class HeadReader {
  statusCode = 0;
  #isOldVersion = false;
  #length: number | undefined;
  #lengthText = '';
  #isChunked = false;
  #hasClose = false;
  #hasKeepAlive = false;
  #keptForMs: number | undefined;
  #contentEncoding = '';
  #retryAfter: string | undefined;
  #location: string | undefined;

  /** `HTTP/1.1 200 OK`; the words behind the status are optional, and mean nothing whatever is in them. */
  statusLine(bytes: Buffer, from: number, to: number): string | undefined {
    if (!startsAsHttp(bytes, from, to) || to - from < 12) return noHttp;
    const minor = bytes[from + 7];
    if (minor !== 48 && minor !== 49) return 'its version of HTTP is neither 1.0 nor 1.1';
    const [hundreds, tens, ones] = [digit(bytes[from + 9]), digit(bytes[from + 10]), digit(bytes[from + 11])];
    const isSpaced = bytes[from + 8] === 32 && (to - from === 12 || bytes[from + 12] === 32);
    if (!isSpaced || hundreds < 0 || tens < 0 || ones < 0) return 'its status is not a number of three digits';
    if (hundreds === 0) return `its status is 0${tens}${ones}, which no HTTP answer has`;
    if (bytes.subarray(from + 12, to).includes(carriageReturn)) return 'its status line has a carriage return';
    this.#isOldVersion = minor === 48;
    this.statusCode = 100 * hundreds + 10 * tens + ones;
    return undefined;
  }

  header(bytes: Buffer, from: number, to: number): string | undefined {
    const colon = colonIn(bytes, from, to);
    if (colon < 0) return headerTrouble(bytes, from);
    if (!isHeaderText(bytes, colon + 1, to)) return controlCharacter;
    switch (colon - from) {
      case 8:
        if (isName(bytes, from, 'location')) this.#location ??= trimmed(bytes, colon + 1, to);
        return undefined;
      case 10:
        if (isName(bytes, from, 'connection')) this.#connection(trimmed(bytes, colon + 1, to));
        else if (isName(bytes, from, 'keep-alive')) this.#keepAlive(trimmed(bytes, colon + 1, to));
        return undefined;
      case 11:
        if (isName(bytes, from, 'retry-after')) this.#retryAfter ??= trimmed(bytes, colon + 1, to);
        return undefined;
      case 14:
        return isName(bytes, from, 'content-length') ? this.#contentLength(trimmed(bytes, colon + 1, to)) : undefined;
      case 16:
        if (isName(bytes, from, 'content-encoding')) this.#addEncoding(trimmed(bytes, colon + 1, to));
        return undefined;
      case 17:
        return isName(bytes, from, 'transfer-encoding')
          ? this.#transferEncoding(bytes.toString('latin1', colon + 1, to))
          : undefined;
      default:
        return undefined;
    }
  }

  /** A header behind the last chunk means nothing. */
  trailer(bytes: Buffer, from: number, to: number): string | undefined {
    const colon = colonIn(bytes, from, to);
    if (colon < 0) return headerTrouble(bytes, from);
    if (!isHeaderText(bytes, colon + 1, to)) return controlCharacter;
    const isFraming =
      (colon - from === 14 && isName(bytes, from, 'content-length')) ||
      (colon - from === 17 && isName(bytes, from, 'transfer-encoding'));
    return isFraming ? 'a header behind its body frames it once more' : undefined;
  }

  /** All headers were read. A text: the answer is refused. */
  whole(): AnswerHead | string {
    const { statusCode } = this;
    if (this.#isChunked && this.#length !== undefined) return 'it has both Transfer-Encoding and Content-Length';
    if (this.#isChunked && this.#isOldVersion) return 'it has a Transfer-Encoding, which HTTP/1.0 does not know';
    const isBodiless = statusCode === 204 || statusCode === 304;
    if (isBodiless && this.#isChunked) return `it has a Transfer-Encoding, but an answer ${statusCode} has no body`;
    const length = isBodiless ? 0 : this.#length;
    return {
      statusCode,
      framing: this.#isChunked ? 'chunked' : length === undefined ? 'close' : 'length',
      length: length ?? 0,
      isKept: !this.#hasClose && (!this.#isOldVersion || this.#hasKeepAlive),
      keptForMs: this.#keptForMs,
      contentEncoding: this.#contentEncoding,
      retryAfter: this.#retryAfter,
      location: this.#location,
    };
  }

  clear(): void {
    this.statusCode = 0;
    this.#length = undefined;
    this.#lengthText = '';
    this.#isChunked = false;
    this.#hasClose = false;
    this.#hasKeepAlive = false;
    this.#keptForMs = undefined;
    this.#contentEncoding = '';
    this.#retryAfter = undefined;
    this.#location = undefined;
  }

  /** Twice the same is one; some frameworks do so. */
  #contentLength(text: string): string | undefined {
    if (!/^\d+$/.test(text)) return 'its Content-Length is not a number';
    if (this.#length !== undefined)
      return text === this.#lengthText ? undefined : 'it has two different Content-Length';
    this.#lengthText = text;
    this.#length = Number(text);
    return Number.isSafeInteger(this.#length) ? undefined : 'its Content-Length is too large to be one';
  }

  /** With a tab behind it, Node reads it as another coding. */
  #transferEncoding(text: string): string | undefined {
    if (this.#isChunked) return 'it has Transfer-Encoding twice';
    this.#isChunked = /^[ \t]*chunked *$/i.test(text);
    return this.#isChunked ? undefined : 'its Transfer-Encoding is not chunked';
  }

  #connection(text: string): void {
    if (text === 'keep-alive') {
      this.#hasKeepAlive = true;
      return;
    }
    for (const option of text.toLowerCase().split(',')) {
      const name = option.trim();
      if (name === 'close') this.#hasClose = true;
      else if (name === 'keep-alive') this.#hasKeepAlive = true;
    }
  }

  #keepAlive(text: string): void {
    const [, seconds] = /(?:^|[\s,;])timeout\s*=\s*(\d{1,9})/i.exec(text) ?? [];
    if (seconds !== undefined) this.#keptForMs = 1000 * Number(seconds);
  }

  #addEncoding(text: string): void {
    this.#contentEncoding = this.#contentEncoding === '' ? text : `${this.#contentEncoding}, ${text}`;
  }
}

export const noHttp = 'it is no answer in HTTP/1.1';

const httpStart = 'HTTP/1.';

/** Whether bytes can be the begin of a status line, as far as there are any. */
export function startsAsHttp(bytes: Buffer, from: number, to: number): boolean {
  const end = Math.min(to, from + httpStart.length);
  for (let at = from; at < end; at += 1) {
    if (bytes[at] !== httpStart.charCodeAt(at - from)) return false;
  }
  return true;
}

const carriageReturn = 13;
const controlCharacter = 'a header has a control character';

/** Where the name of a header ends; -1: the line is no header. */
function colonIn(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && isTokenCharacter(bytes[at])) at += 1;
  return at > from && at < to && bytes[at] === 58 ? at : -1;
}

function headerTrouble(bytes: Buffer, from: number): string {
  const first = bytes[from];
  return first === 32 || first === 9
    ? 'a header goes on in a second line, which HTTP no longer allows'
    : 'a line of its head is not a name, a colon and a value';
}

/** @param name in lower case */
function isName(bytes: Buffer, from: number, name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    if (((bytes[from + at] ?? 0) | 32) !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** -1: none. */
function digit(byte: number | undefined): number {
  return byte !== undefined && byte >= 48 && byte <= 57 ? byte - 48 : -1;
}
