import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { HoldfastError, invalid } from '@holdfast/core';
import type { Head, Packing } from './head.ts';
import { MessageReader } from './messages.ts';
import { errorStatus, type Status, statusHeaders } from './status.ts';
import type { CallWatch } from './streams.ts';
import { mostUnpackedBytes, unpack } from './unpack.ts';

/** Whoever serves a call. Nothing is told once it has been answered but `closed`. */
export interface CallReader {
  message(bytes: Buffer): void;
  /** The client has sent all of its messages, and the last one whole. */
  end(): void;
  /** What was sent, or what `message` or `end` threw, is answered with its status next. */
  refused(error: unknown): void;
  /** Nobody takes an answer any more, or it was taken. */
  closed(): void;
}

export interface CallParts {
  readonly stream: ServerHttp2Stream;
  readonly packing: Packing;
  /** The longest message, as it is sent and when it is unpacked. */
  readonly limitBytes: number;
  readonly watch: CallWatch;
}

const okTrailers: OutgoingHttpHeaders = { 'grpc-status': '0' };

/** One call on its HTTP/2 stream: messages in, in their order, messages out, and a status at the end. */
export class GrpcCall {
  readonly #stream: ServerHttp2Stream;
  readonly #parts: CallParts;
  readonly #reader: CallReader;
  readonly #messages: MessageReader;
  #hasAll = false;
  #isUnpacking = false;
  #isPaused = false;
  #isAnswered = false;
  #trailers = okTrailers;

  constructor(parts: CallParts, readerOf: (call: GrpcCall) => CallReader) {
    const { stream, watch } = parts;
    this.#stream = stream;
    this.#parts = parts;
    this.#messages = new MessageReader(parts.limitBytes);
    this.#reader = readerOf(this);
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('end', () => {
      this.#hasAll = true;
      watch.arrived();
      this.#read();
    });
    stream.on('close', () => {
      this.#isAnswered = true;
      watch.closed();
      this.#reader.closed();
    });
  }

  /** Answered with one message, and OK. */
  answer(message: Buffer): void {
    if (!this.#open()) return;
    this.#answered();
    this.#stream.end(framed(message));
  }

  /** One message of several. False: whoever asks for it is slow to take them; wait for `drained`. */
  write(message: Buffer, drained?: () => void): boolean {
    if (!this.#open()) return true;
    if (this.#stream.write(framed(message))) return true;
    if (drained !== undefined) this.#stream.once('drain', drained);
    return false;
  }

  /** After several messages, or none: OK, or what was wrong. */
  end(status?: Status): void {
    const stream = this.#stream;
    if (this.#isAnswered || stream.destroyed || stream.closed) return;
    if (status === undefined) this.#open();
    else if (stream.headersSent) this.#trailers = statusHeaders(status);
    else stream.respond({ ...head, ...statusHeaders(status) }, statusAlone);
    this.#answered();
    if (!stream.writableEnded) stream.end();
    // What the client may still send is of no use.
    if (!this.#hasAll) stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Nothing is read until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream.resume();
    this.#read();
  }

  /** The head of an answer that has messages. False: nobody takes it. */
  #open(): boolean {
    const stream = this.#stream;
    if (this.#isAnswered || stream.destroyed || stream.closed) return false;
    if (stream.headersSent) return true;
    stream.respond(head, withTrailers);
    stream.once('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(this.#trailers);
    });
    return true;
  }

  #answered(): void {
    this.#isAnswered = true;
    this.#parts.watch.answered();
  }

  #data(chunk: Buffer): void {
    if (this.#isAnswered) return;
    this.#messages.push(chunk);
    if (this.#parts.watch.received(chunk.length)) this.#read();
  }

  /**
   * As many messages as are here, each once the one before it was unpacked; then the end.
   * @param unpacked the next one
   */
  #read(unpacked?: Buffer | HoldfastError): void {
    try {
      if (unpacked instanceof HoldfastError) throw unpacked;
      if (unpacked !== undefined && !this.#isAnswered) this.#reader.message(unpacked);
      while (!this.#isAnswered && !this.#isUnpacking && !this.#isPaused) {
        const sent = this.#messages.next();
        if (sent === undefined) {
          if (this.#hasAll) this.#ended();
          return;
        }
        if (sent.isPacked) this.#unpack(sent.bytes);
        else this.#reader.message(sent.bytes);
      }
    } catch (error) {
      this.#reader.refused(error);
      this.end(errorStatus(error));
    }
  }

  #ended(): void {
    if (this.#messages.isWithin) throw invalid('message', 'must be whole, and be as long as its prefix says');
    this.#parts.watch.isWhole();
    this.#reader.end();
  }

  #unpack(packed: Buffer): void {
    const { packing, limitBytes, watch } = this.#parts;
    if (packing === 'identity') throw invalid('message', 'must not be compressed where grpc-encoding is not set');
    const mostBytes = mostUnpackedBytes(packed, limitBytes);
    if (!watch.received(mostBytes)) return;
    this.#isUnpacking = true;
    unpack(packing, packed, limitBytes, (unpacked) => {
      this.#isUnpacking = false;
      watch.received(-mostBytes);
      this.#read(unpacked);
    });
  }
}

const head: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' };
/** gRPC has no use for a date. */
const withTrailers = { waitForTrailers: true, sendDate: false };
const statusAlone = { endStream: true, sendDate: false };

/** Answers a call of which nothing is read. */
export function refuse(stream: ServerHttp2Stream, status: Status): void {
  stream.respond({ ...head, ...statusHeaders(status) }, statusAlone);
  stream.close(constants.NGHTTP2_NO_ERROR);
}

/** Answers what is no gRPC. */
export function refuseHttp(stream: ServerHttp2Stream, { status, text, allow }: Extract<Head, { kind: 'http' }>): void {
  const type = 'text/plain; charset=utf-8';
  stream.respond({ ':status': status, 'content-type': type, ...(allow !== undefined && { allow }) });
  stream.end(text);
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(5 + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}
