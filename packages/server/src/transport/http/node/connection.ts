import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { contentLengthOf } from '../content-length.ts';
import { type ConnectionRefusal, lingerBytes, lingerMs, refusalText } from '../refusals.ts';
import { RequestEnds } from './request-ends.ts';

/** Pieces that are read in one turn: what is left of a read is read in the next turn. */
const piecesEachTurn = 256;

export interface ConnectionError extends Error {
  readonly code?: string | undefined;
  /** The bytes that could not be read: a Buffer. */
  readonly rawPacket?: unknown;
}

/**
 * A connection of node:http, which is given one request after the other. Left alone it parses and begins with all that it
 * has read: more than a thousand requests of one read, and all their answers, would be held for a client that reads none.
 * What comes behind a request is put back into the socket until the client has taken the answer, as in the lane.
 */
export class NodeConnection {
  readonly #socket: Socket;
  /** Node's own listener of `data`. */
  readonly #parse: (bytes: Buffer) => void;
  readonly #ends = new RequestEnds();
  /** It has not been answered, or the client has not taken the answer. */
  #request: IncomingMessage | undefined;
  /** Something of a request has come, and its answer was not taken. */
  #isBusy = false;
  /** The last answer was written, or is being written: what still comes is dropped. */
  #isClosing = false;
  #droppedBytes = 0;

  /**
   * @param socket which node:http has begun to listen to
   * @param halfClosedTimeoutMs a client that has closed its side may wait for its answer, or may have left: TCP cannot
   * tell. So it is waited for, but not for longer than this
   */
  constructor(socket: Socket, halfClosedTimeoutMs: number) {
    this.#socket = socket;
    this.#parse = takeParser(socket);
    socket.on('data', this.#onData);
    // node:http calls this after the last answer of a connection.
    socket.destroySoon = () => this.#end('');
    socket.once('end', () => {
      // Also where node:http does not see that it ended too early.
      if (this.#request?.complete === false && !this.#isClosing) this.refuse(endedEarly);
      this.#cutAfter(halfClosedTimeoutMs);
    });
  }

  closeIdle(): void {
    if (!this.#isBusy) this.#socket.destroy();
  }

  /** What was answered was its last request. */
  close(): void {
    if (!this.#isClosing) this.#end('');
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** A request whose head has come. False: it is not to be served. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#isClosing) return false;
    this.#request = request;
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined) this.#ends.expectBody(contentLengthOf(length ?? '0') ?? 0);
    response.once('close', this.#answered);
    return true;
  }

  /** To be called before an answer that does not wait for the rest of the request's body. */
  closeAfterAnswer(response: ServerResponse): void {
    response.setHeader('Connection', 'close');
    this.#drop();
  }

  /** What is not HTTP, or came too slowly. */
  refuse(error: ConnectionError): void {
    if (error.code === 'ECONNRESET' || !this.#socket.writable) this.#socket.destroy();
    // What comes behind an answer with `Connection: close` was not asked for.
    else this.#end(error.code === 'HPE_CLOSED_CONNECTION' ? '' : refusalText(refusalOf(error)));
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#isClosing) {
      this.#droppedBytes += bytes.length;
      if (this.#droppedBytes > lingerBytes) this.#socket.pause();
    } else if (this.#request?.complete === true) this.#putBack(bytes);
    else this.#read(bytes);
  };

  #read(bytes: Buffer): void {
    this.#isBusy = true;
    let at = 0;
    for (let piece = 0; at < bytes.length; piece += 1) {
      if (piece === piecesEachTurn) {
        this.#putBack(bytes.subarray(at));
        setImmediate(() => this.#readOn());
        return;
      }
      const end = this.#ends.endOf(bytes, at);
      this.#parse(bytes.subarray(at, end));
      at = end;
      if (this.#isClosing) return;
      // A request is whole, or nobody takes its body so fast.
      if (at < bytes.length && (this.#request?.complete === true || this.#socket.isPaused())) {
        this.#putBack(bytes.subarray(at));
        return;
      }
    }
  }

  /** It is read again when the socket is resumed, and before the client's end. */
  #putBack(bytes: Buffer): void {
    this.#socket.pause();
    this.#socket.unshift(bytes);
  }

  readonly #answered = (): void => {
    this.#request = undefined;
    this.#isBusy = false;
    this.#readOn();
  };

  #readOn(): void {
    if (!this.#socket.destroyed && this.#socket.isPaused()) this.#socket.resume();
  }

  #drop(): void {
    this.#isClosing = true;
    this.#socket.resume();
  }

  /**
   * Closes our side after what is written. Cutting the connection at once would send a reset that can overtake it, so a
   * little of what still comes is dropped first.
   */
  #end(text: string): void {
    this.#drop();
    this.#cutAfter(lingerMs);
    this.#socket.end(text);
  }

  #cutAfter(ms: number): void {
    const timer = setTimeout(() => this.#socket.destroy(), ms);
    this.#socket.once('close', () => clearTimeout(timer));
  }
}

/** Node's parser reads no more by itself, but only what it is given. */
function takeParser(socket: Socket): (bytes: Buffer) => void {
  const [own] = socket.listeners('data');
  if (own === undefined) throw new Error('node:http does not listen to its connection');
  socket.removeAllListeners('data');
  return (bytes) => Reflect.apply(own, socket, [bytes]);
}

const recordOfHandshake = 0x16;

function refusalOf({ code, rawPacket }: ConnectionError): ConnectionRefusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'head-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'too-slow';
    case 'HPE_PAUSED_H2_UPGRADE':
      return 'http2';
    default:
      return rawPacket instanceof Uint8Array && rawPacket[0] === recordOfHandshake ? 'tls' : 'not-http';
  }
}

export const noTunnel: ConnectionError = new Error('CONNECT: this is no proxy');
const endedEarly: ConnectionError = new Error('the client closed its side in the middle of a request');
