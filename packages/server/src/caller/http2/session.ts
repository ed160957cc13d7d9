import type { Socket } from 'node:net';
import { reasonOf } from '../failure-reason.ts';
import { type FrameListener, FrameReader, Http2Error } from './frame-reader.ts';
import {
  codeName,
  codes,
  flags,
  frameOf,
  frameTypes,
  numberFrame,
  preface,
  settings,
  settingsFrame,
} from './frames.ts';
import { type DecodedBlock, HeaderBlocks } from './header-blocks.ts';
import { HpackError } from './hpack/decoder.ts';
import type { Incoming } from './incoming.ts';
import { Outgoing } from './outgoing.ts';
import { firstWindowBytes, largestWindow, Sending } from './sending.ts';
import { Http2Stream, type StreamReader } from './stream.ts';

export type { AnswerHead } from './answer-head.ts';
export { codeName, codes, frameBytes } from './frames.ts';
export { Incoming } from './incoming.ts';
export type { Http2Stream, StreamEnd, StreamReader } from './stream.ts';

export interface SessionOptions {
  /** What the service may send of an answer before it is asked for more of it, padding not counted. */
  readonly streamWindowBytes: number;
  /** Of the headers, and of the trailers, of an answer. */
  readonly answerHeaderBytes: number;
  /** What to say of a service that speaks something else. */
  readonly foreignWords: string;
}

export interface SessionOwner {
  /** The service's settings are here, for the first time or again: so many streams may be open at once. */
  settings(mostStreams: number): void;
  /** It takes no more streams, and has not processed those above `lastId`. */
  goaway(code: number, lastId: number): void;
  /** It is over; its streams were told before. Undefined: the service closed it. */
  ended(why: Error | undefined): void;
}

/** What a connection takes of answers before it is told that they were read. Each byte is handed on at once. */
const windowBytes = 16 * 1024 * 1024;
/** Answers to a service's pings and settings that it does not take. */
const mostReplies = 1000;

/** One HTTP/2 connection as its client has it, for calls that send one body and want an answer. */
export class Http2Session implements FrameListener {
  readonly #socket: Socket;
  readonly #owner: SessionOwner;
  readonly #options: SessionOptions;
  readonly #out: Outgoing;
  readonly #sending: Sending;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlocks;
  readonly #streams = new Map<number, Http2Stream>();
  #nextId = 1;
  #mostStreams = Number.POSITIVE_INFINITY;
  #hasSettings = false;
  #isEnded = false;
  #isByUs = false;
  #unreadBytes = 0;
  /** Of the DATA frame that is under way; undefined: it is over. */
  #dataOf: Http2Stream | undefined;
  #isLastData = false;
  #replies = 0;
  #pings: (() => void)[] = [];

  /** @param incoming where the socket reads into */
  constructor(socket: Socket, incoming: Incoming, options: SessionOptions, owner: SessionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#options = options;
    this.#out = new Outgoing(socket);
    this.#sending = new Sending(this.#out);
    this.#reader = new FrameReader(this);
    this.#blocks = new HeaderBlocks(options.answerHeaderBytes);
    incoming.onBytes = (bytes) => this.#received(bytes);
    socket.on('error', (error) => this.#end(error));
    socket.on('end', () => this.#end(undefined));
    socket.on('close', () => this.#end(undefined));
    this.#out.add(preface);
    this.#out.add(
      settingsFrame([
        [settings.enablePush, 0],
        [settings.initialWindowSize, Math.min(largestWindow, options.streamWindowBytes)],
        [settings.maxHeaderListSize, options.answerHeaderBytes],
      ]),
    );
    this.#out.add(numberFrame(frameTypes.windowUpdate, 0, windowBytes - firstWindowBytes));
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Begins a stream, and sends as much of its body as the service takes.
   * @param block of headers, as HPACK has them
   */
  request(block: Buffer, body: Buffer, reader: StreamReader): Http2Stream {
    const windows = { body: this.#sending.streamWindow, answer: this.#options.streamWindowBytes };
    const stream = new Http2Stream(this.#nextId, body, windows, this, reader);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#sending.begin(stream, block);
    return stream;
  }

  /** Calls back once it is answered. */
  ping(answered: () => void): void {
    this.#pings.push(answered);
    this.#out.add(frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)));
  }

  /** Tells the service that nothing more comes, and closes it. Nobody is told. */
  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sayGoaway(codes.noError);
    this.#out.flush();
    this.#socket.destroySoon();
  }

  /** What waits to be written is given up. Its streams are told. */
  destroy(why: string): void {
    this.#isByUs = true;
    this.#end(new Error(why));
    this.#socket.destroy();
  }

  reset(stream: Http2Stream, code: number): void {
    this.#out.add(numberFrame(frameTypes.resetStream, stream.id, code));
    this.#forget(stream);
  }

  takeMore(stream: Http2Stream, bytes: number): void {
    this.#out.add(numberFrame(frameTypes.windowUpdate, stream.id, bytes));
  }

  data(flag: number, id: number, length: number, padding: number): void {
    this.#dataOf = undefined;
    if (this.#isEnded) return;
    this.#mustBeginWithSettings(frameTypes.data);
    if (this.#blocks.isOpen || id === 0) throw new Http2Error(codes.protocolError, 'DATA where none may be');
    this.#unreadBytes += length;
    if (this.#unreadBytes > windowBytes / 2) {
      this.#out.add(numberFrame(frameTypes.windowUpdate, 0, this.#unreadBytes));
      this.#unreadBytes = 0;
    }
    const stream = this.#streamOf(id);
    if (stream === undefined) return;
    if (!stream.hasHead) throw new Http2Error(codes.protocolError, 'DATA before the headers of an answer');
    this.#dataOf = stream;
    this.#isLastData = (flag & flags.endStream) !== 0;
    stream.answerWindow -= length;
    if (stream.answerWindow < 0) throw new Http2Error(codes.flowControlError, 'DATA beyond the window of its stream');
    if (padding > 0) this.#padded(stream, padding);
  }

  /** Nobody reads it: else an answer of much padding would stand still. */
  #padded(stream: Http2Stream, padding: number): void {
    stream.padding += padding;
    if (stream.padding < this.#options.streamWindowBytes / 2) return;
    stream.takeMore(stream.padding);
    stream.padding = 0;
  }

  dataBytes(bytes: Buffer, from: number, to: number): void {
    const stream = this.#dataOf;
    if (stream?.isOver === false) stream.reader.answerData(bytes, from, to);
  }

  dataEnd(): void {
    const stream = this.#dataOf;
    this.#dataOf = undefined;
    if (stream !== undefined && this.#isLastData) this.#answered(stream);
  }

  frame(type: number, flag: number, id: number, payload: Buffer): void {
    if (this.#isEnded) return;
    this.#mustBeginWithSettings(type);
    if (this.#blocks.isOpen && type !== frameTypes.continuation) {
      throw new Http2Error(codes.protocolError, 'a header block that is cut by another frame');
    }
    switch (type) {
      case frameTypes.headers:
        this.#heads(this.#blocks.begin(flag, id, payload));
        return;
      case frameTypes.continuation:
        this.#heads(this.#blocks.go(flag, id, payload));
        return;
      case frameTypes.resetStream:
        this.#wasReset(id, numberIn(payload));
        return;
      case frameTypes.settings:
        this.#settings(flag, id, payload);
        return;
      case frameTypes.ping:
        this.#ping(flag, payload);
        return;
      case frameTypes.goaway:
        this.#goaway(payload);
        return;
      case frameTypes.windowUpdate:
        this.#windowUpdate(id, numberIn(payload) & largestWindow);
        return;
      case frameTypes.pushPromise:
        throw new Http2Error(codes.protocolError, 'a push that was not allowed');
      default:
        // PRIORITY, and frames that are not known, mean nothing.
        return;
    }
  }

  #received(bytes: Buffer): void {
    if (this.#isEnded) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof Http2Error) && !(error instanceof HpackError)) throw error;
      this.#sayGoaway(error instanceof Http2Error ? error.code : codes.compressionError);
      const why = this.#hasSettings
        ? `the service breaks the rules of HTTP/2: ${error.message}`
        : this.#options.foreignWords;
      this.#end(new Error(why));
    }
  }

  #mustBeginWithSettings(type: number): void {
    if (!this.#hasSettings && type !== frameTypes.settings) {
      throw new Http2Error(codes.protocolError, 'another frame before the settings');
    }
  }

  /** Undefined: it is over. */
  #streamOf(id: number): Http2Stream | undefined {
    const stream = this.#streams.get(id);
    if (stream === undefined && (id >= this.#nextId || id % 2 === 0)) {
      throw new Http2Error(codes.protocolError, 'a frame of a stream that was never begun');
    }
    return stream;
  }

  #heads(block: DecodedBlock | undefined): void {
    if (block === undefined) return;
    const { head, isLast } = block;
    const stream = this.#streamOf(block.id);
    if (stream === undefined) return;
    const { answerHeaderBytes } = this.#options;
    // Trailers count anew.
    stream.headBytes = stream.hasHead ? block.bytes : stream.headBytes + block.bytes;
    if (stream.headBytes > answerHeaderBytes) {
      this.reset(stream, codes.cancel);
      const why = `the headers of the answer take more than ${answerHeaderBytes} bytes`;
      stream.reader.streamClosed({ kind: 'broken', why });
    } else if (stream.hasHead) {
      if (!isLast) throw new Http2Error(codes.protocolError, 'trailers that are not the end');
      stream.reader.answerTrailers(head);
    } else if (isLast || head.status < 100 || head.status > 199) {
      stream.hasHead = true;
      stream.reader.answerHead(head, isLast);
    }
    if (isLast) this.#answered(stream);
  }

  /** The service has sent all it had to. */
  #answered(stream: Http2Stream): void {
    if (!this.#streams.has(stream.id)) return;
    if (stream.isSent) this.#forget(stream);
    // Nobody reads the rest of its body.
    else this.reset(stream, codes.cancel);
    stream.reader.streamClosed({ kind: 'whole' });
  }

  #wasReset(id: number, code: number): void {
    const stream = this.#streamOf(id);
    if (stream === undefined) return;
    this.#forget(stream);
    stream.reader.streamClosed({ kind: 'reset', code });
  }

  #settings(flag: number, id: number, payload: Buffer): void {
    if (id !== 0 || payload.length % 6 !== 0) throw new Http2Error(codes.frameSizeError, 'SETTINGS of a wrong length');
    if ((flag & flags.ack) !== 0) return;
    let firstWindow: number | undefined;
    for (let at = 0; at < payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      const name = payload.readUInt16BE(at);
      if (name === settings.maxConcurrentStreams) this.#mostStreams = value;
      else if (name === settings.maxFrameSize) this.#sending.largestFrame(value);
      else if (name === settings.initialWindowSize) firstWindow = value;
    }
    if (firstWindow !== undefined) this.#sending.firstWindow(firstWindow, this.#streams.values());
    this.#hasSettings = true;
    this.#reply(frameOf(frameTypes.settings, flags.ack, 0, new Uint8Array()));
    this.#owner.settings(this.#mostStreams);
  }

  #ping(flag: number, payload: Buffer): void {
    if (payload.length !== 8) throw new Http2Error(codes.frameSizeError, 'PING of a wrong length');
    if ((flag & flags.ack) === 0) this.#reply(frameOf(frameTypes.ping, flags.ack, 0, payload));
    else this.#pings.shift()?.();
  }

  #reply(frame: Buffer): void {
    this.#replies = this.#socket.writableLength === 0 ? 1 : this.#replies + 1;
    if (this.#replies > mostReplies) {
      throw new Http2Error(codes.enhanceYourCalm, 'more questions than it takes answers of');
    }
    this.#out.add(frame);
  }

  #goaway(payload: Buffer): void {
    if (payload.length < 8) throw new Http2Error(codes.frameSizeError, 'GOAWAY of a wrong length');
    const lastId = payload.readUInt32BE(0) & largestWindow;
    const code = payload.readUInt32BE(4);
    this.#owner.goaway(code, lastId);
    for (const stream of [...this.#streams.values()]) {
      if (stream.id <= lastId) continue;
      this.#forget(stream);
      stream.reader.streamClosed({ kind: 'reset', code: codes.refusedStream });
    }
    if (code !== codes.noError) this.#end(new Error(`the service ended the connection (${codeName(code)})`));
  }

  #windowUpdate(id: number, bytes: number): void {
    if (bytes === 0) throw new Http2Error(codes.protocolError, 'a window that is not larger');
    if (id === 0) {
      this.#sending.takesMore(bytes);
      return;
    }
    const stream = this.#streamOf(id);
    if (stream !== undefined) this.#sending.takesMoreOf(stream, bytes);
  }

  #sayGoaway(code: number): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(code, 4);
    this.#out.add(frameOf(frameTypes.goaway, 0, 0, payload));
  }

  #forget(stream: Http2Stream): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#sending.forget(stream);
    stream.forgotten();
  }

  #end(error: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#out.flush();
    this.#socket.destroySoon();
    const why = error === undefined ? 'the service closed the connection' : reasonOf(error);
    for (const stream of [...this.#streams.values()]) {
      this.#forget(stream);
      stream.reader.streamClosed({ kind: this.#isByUs ? 'broken' : 'lost', why });
    }
    this.#owner.ended(error);
  }
}

function numberIn(payload: Buffer): number {
  if (payload.length !== 4) throw new Http2Error(codes.frameSizeError, 'a frame of a wrong length');
  return payload.readUInt32BE(0);
}
