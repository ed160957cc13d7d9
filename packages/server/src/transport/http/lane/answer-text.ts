import { STATUS_CODES } from 'node:http';
import { type Answer, headersOf } from '../answer.ts';

/** An answer as it goes over the wire. */
export interface WireAnswer {
  readonly text: string;
  /** Of the body. */
  readonly bytes: number;
  /** A character for each byte: it can be written as it is. */
  readonly isAscii: boolean;
}

/** Puts answers together as node:http does, each as one text that is written at once. */
export class AnswerTexts {
  readonly #keepAlive: string;
  #second = 0;
  #date = '';
  #last: { readonly answer: Answer; readonly second: number; readonly wire: WireAnswer } | undefined;

  constructor(keepAliveTimeoutMs: number) {
    const seconds = Math.floor(keepAliveTimeoutMs / 1000);
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
  }

  /** @param isLast the connection is closed after it */
  of(answer: Answer, isLast: boolean): WireAnswer {
    const second = Math.floor(Date.now() / 1000);
    // Most answers are the same object.
    if (!isLast && this.#last?.answer === answer && this.#last.second === second) return this.#last.wire;
    if (second !== this.#second) {
      this.#second = second;
      this.#date = new Date(second * 1000).toUTCString();
    }
    const wire = this.#put(answer, isLast);
    if (!isLast && answer.body.length < 1024) this.#last = { answer, second, wire };
    return wire;
  }

  #put(answer: Answer, isLast: boolean): WireAnswer {
    const { status, body } = answer;
    const bytes = Buffer.byteLength(body);
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    const headers = headersOf(answer, bytes);
    for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
    head += `Date: ${this.#date}\r\n`;
    head += isLast ? 'Connection: close\r\n\r\n' : this.#keepAlive;
    return { text: head + body, bytes, isAscii: bytes === body.length };
  }
}
