/** The messages of a database's protocol, taken out of a stream of bytes. Pure: bytes in, messages out. */

export type Direction = 'to-server' | 'to-client';

export interface Message {
  readonly direction: Direction;
  /**
   * PostgreSQL: the letter of its type, `startup` or `ssl`. MySQL: `query`, `execute`, `prepare`, ... of a command, `ok`, `error` or
   * `end` of an answer, else `packet`. `opaque`: bytes whose messages cannot be told, as over TLS.
   */
  readonly kind: string;
  /** Header included. */
  readonly bytes: Buffer;
}

export type Protocol = 'postgres' | 'mysql';

/** One direction of one connection: gives out what is whole, keeps the rest. */
export interface Splitter {
  push(chunk: Buffer): Message[];
}

/** Both directions of a connection, for what one says changes how the other is read. */
export function splittersOf(protocol: Protocol): Record<Direction, Splitter> {
  if (protocol === 'mysql') return { 'to-server': mySqlSplitter('to-server'), 'to-client': mySqlSplitter('to-client') };
  const shared: PostgresState = { isStarted: false, awaitsSslAnswer: false, isOpaque: false };
  return { 'to-server': postgresSplitter('to-server', shared), 'to-client': postgresSplitter('to-client', shared) };
}

interface Frame {
  readonly kind: string;
  readonly length: number;
}

/** @param frameOf the message that begins there; undefined: too little of it is there to tell */
function splitter(direction: Direction, frameOf: (bytes: Buffer) => Frame | undefined): Splitter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const messages: Message[] = [];
      for (;;) {
        const frame = rest.length === 0 ? undefined : frameOf(rest);
        if (frame === undefined || frame.length > rest.length) return messages;
        messages.push({ direction, kind: frame.kind, bytes: rest.subarray(0, frame.length) });
        rest = rest.subarray(frame.length);
      }
    },
  };
}

const mySqlHeader = 4;
const mySqlCommands: Readonly<Record<number, string>> = {
  1: 'quit',
  2: 'database',
  3: 'query',
  14: 'ping',
  22: 'prepare',
  23: 'execute',
  25: 'close',
  31: 'reset',
};
const mySqlAnswers: Readonly<Record<number, string>> = { 0: 'ok', 254: 'end', 255: 'error' };

function mySqlSplitter(direction: Direction): Splitter {
  return splitter(direction, (bytes) => {
    if (bytes.length < mySqlHeader) return undefined;
    const length = mySqlHeader + bytes.readUIntLE(0, 3);
    const first = bytes[mySqlHeader];
    if (first === undefined) return { kind: 'packet', length };
    // A command begins a sequence; what a client says while it logs in goes on with the server's.
    if (direction === 'to-server')
      return { kind: bytes[3] === 0 ? (mySqlCommands[first] ?? 'packet') : 'packet', length };
    return { kind: mySqlAnswers[first] ?? 'packet', length };
  });
}

interface PostgresState {
  isStarted: boolean;
  awaitsSslAnswer: boolean;
  isOpaque: boolean;
}

/** Requests for encryption look like a start-up of these versions. */
const encryptionRequests = [80877103, 80877104];

function postgresSplitter(direction: Direction, state: PostgresState): Splitter {
  return splitter(direction, (bytes) => {
    if (state.isOpaque) return { kind: 'opaque', length: bytes.length };
    if (direction === 'to-client' && state.awaitsSslAnswer) {
      state.awaitsSslAnswer = false;
      state.isOpaque = bytes[0] !== 'N'.charCodeAt(0);
      return { kind: 'ssl', length: 1 };
    }
    if (direction === 'to-server' && !state.isStarted) {
      if (bytes.length < 8) return undefined;
      const length = bytes.readUInt32BE(0);
      if (bytes.length < length) return undefined;
      const isRequest = encryptionRequests.includes(bytes.readUInt32BE(4));
      state.awaitsSslAnswer = isRequest;
      state.isStarted = !isRequest;
      return { kind: isRequest ? 'ssl' : 'startup', length };
    }
    if (bytes.length < 5) return undefined;
    return { kind: String.fromCharCode(bytes[0] ?? 0), length: 1 + bytes.readUInt32BE(1) };
  });
}
