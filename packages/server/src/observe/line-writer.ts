import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface LineWriterParts {
  /** A file descriptor that is open; in a coordinator 1 or 2. */
  readonly fd: number;
  /** While the other side is full, lines beyond this many bytes are lost. */
  readonly waitingBytes?: number;
}

const defaultWaitingBytes = 8 * 1024 * 1024;
const chunkBytes = 64 * 1024;
/** Chunks written before others have their turn. */
const chunksPerTurn = 16;
const firstPauseMs = 5;
const longestPauseMs = 1000;
const newline = 0x0a;
/** Stands in the queue where lines are missing. */
const gap = Symbol('gap');

/**
 * Writes lines to a descriptor that may be a full disk, a dead terminal or a pipe that nobody reads, and never waits for
 * it. Lines are taken at once and written at the end of the turn. While the other side is full they wait, up to a limit;
 * while writing fails they are lost. What was lost is counted, and told where it is missing as soon as writing works.
 */
export class LineWriter {
  readonly #fd: number;
  readonly #waitingBytes: number;
  #queue: (string | typeof gap)[] = [];
  #queuedBytes = 0;
  /** What is being written, and how many of the lines that were given began in it. */
  #chunk: Buffer = Buffer.alloc(0);
  #chunkLines = 0;
  #endsWithinLine = false;
  #isScheduled = false;
  #pauseMs = firstPauseMs;
  #lostLines = 0;
  /** Of the lost lines, those that no line has told of; and of these, those that the chunk tells of. */
  #untoldLines = 0;
  #toldLines = 0;
  #tellLoss: (lines: number) => string = () => '';

  constructor({ fd, waitingBytes = defaultWaitingBytes }: LineWriterParts) {
    this.#fd = withoutBlocking(fd);
    this.#waitingBytes = waitingBytes;
  }

  /** How many lines were given and not written, so far. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /** @param line the line, with its newline, that says so; without this lines are lost without a word */
  tellsLoss(line: (lines: number) => string): void {
    this.#tellLoss = line;
  }

  /** @param line with its newline */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + this.#chunk.length + bytes > this.#waitingBytes) {
      this.#lose(1);
      return;
    }
    this.#queue.push(line);
    this.#queuedBytes += bytes;
    this.#schedule(0);
  }

  /**
   * Writes as much as is taken without waiting.
   * @returns whether more may be taken a little later
   */
  writeNow(): boolean {
    for (let chunks = 0; chunks < chunksPerTurn; chunks++) {
      if (this.#chunk.length === 0) this.#nextChunk();
      if (this.#chunk.length === 0) return false;
      try {
        const written = writeSync(this.#fd, this.#chunk);
        this.#endsWithinLine = this.#chunk[written - 1] !== newline;
        this.#chunk = this.#chunk.subarray(written);
        this.#pauseMs = firstPauseMs;
      } catch (error) {
        if (isFull(error)) return true;
        // The disk is full, or who read is gone. That can be told to nobody now: it is counted, and told later.
        this.#loseAll();
        return false;
      }
    }
    return true;
  }

  #schedule(pauseMs: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const turn = () => {
      this.#isScheduled = false;
      if (this.writeNow() || this.#queue.length > 0) this.#schedule(this.#nextPauseMs());
    };
    if (pauseMs === 0) setImmediate(turn);
    else setTimeout(turn, pauseMs).unref();
  }

  #nextPauseMs(): number {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    return pauseMs;
  }

  #nextChunk(): void {
    const texts = this.#endsWithinLine ? ['\n'] : [];
    let bytes = 0;
    let count = 0;
    this.#chunkLines = 0;
    this.#untoldLines -= this.#toldLines;
    this.#toldLines = 0;
    for (const entry of this.#queue) {
      if (bytes >= chunkBytes) break;
      count++;
      if (entry !== gap) {
        texts.push(entry);
        bytes += Buffer.byteLength(entry);
        this.#chunkLines++;
      } else if (this.#untoldLines > this.#toldLines) {
        texts.push(this.#tellLoss(this.#untoldLines));
        this.#toldLines = this.#untoldLines;
      }
    }
    if (count === 0) return;
    this.#queue.splice(0, count);
    this.#queuedBytes -= bytes;
    this.#chunk = Buffer.from(texts.join(''));
  }

  #lose(lines: number): void {
    if (this.#queue.at(-1) !== gap) this.#queue.push(gap);
    this.#lostLines += lines;
    this.#untoldLines += lines;
  }

  /** A line of which only a part was written is lost, too. */
  #loseAll(): void {
    const ends = this.#chunk.filter((byte) => byte === newline).length;
    const inChunk = Math.min(this.#chunkLines, ends);
    const inQueue = this.#queue.filter((entry) => entry !== gap).length;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#chunk = Buffer.alloc(0);
    this.#toldLines = 0;
    this.#chunkLines = 0;
    this.#lose(inChunk + inQueue);
  }
}

/** Everything that waits in these is written, or given up after so long. Nothing else happens meanwhile. */
export function writeOut(writers: readonly LineWriter[], withinMs: number): void {
  const untilMs = performance.now() + withinMs;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let behind = writers.filter((writer) => writer.writeNow());
  while (behind.length > 0 && performance.now() < untilMs) {
    Atomics.wait(sleeper, 0, 0, firstPauseMs);
    behind = behind.filter((writer) => writer.writeNow());
  }
}

/**
 * A descriptor for the same file on which a write returns at once. What other processes share is not changed where the
 * system lets us open the file anew (Linux); else libuv makes pipes and sockets non-blocking. Files never block: their
 * own descriptor has the position that all who write there share.
 */
function withoutBlocking(fd: number): number {
  const isTerminal = isatty(fd);
  const stat = fstatSync(fd);
  if (!isTerminal && !stat.isFIFO() && !stat.isSocket()) return fd;
  if (process.platform === 'linux' && !stat.isSocket()) {
    try {
      return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    } catch {
      // Another user's, or nobody has the other end: as where it cannot be opened anew.
    }
  }
  // To ask for the stream is what makes it so.
  if (!isTerminal && fd === 1) void process.stdout;
  if (!isTerminal && fd === 2) void process.stderr;
  return fd;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR');
}
