import type { Socket } from 'node:net';
import type { Direction, Message, Splitter } from './messages.ts';
import { reset } from './reset.ts';

/** What becomes of the rest of a message, once some of it has gone. */
export type Verdict = 'goes' | 'held' | 'lost' | 'ended';

/** Asked for each message, and again for one that was held. */
export type Judge = (message: Message, sent: (bytes: number) => void) => Verdict;

/** One direction of a connection: the messages of one socket go to the other, in order, as the judge says. */
export class Flow {
  readonly direction: Direction;
  readonly #from: Socket;
  readonly #into: Socket;
  readonly #judge: Judge;
  readonly #queue: (Message | 'end' | 'reset')[] = [];
  /** Of the first message in the queue. */
  #sentBytes = 0;
  #isHeld = false;
  #isLost = false;

  constructor(direction: Direction, from: Socket, into: Socket, splitter: Splitter, judge: Judge) {
    this.direction = direction;
    this.#from = from;
    this.#into = into;
    this.#judge = judge;
    from.on('data', (chunk: Buffer) => this.#take(...splitter.push(chunk)));
    from.on('end', () => this.#take('end'));
    // What was said before is said: only then the end comes.
    from.on('error', () => this.#take(this.#queue.length === 0 ? 'reset' : 'end'));
    into.on('drain', () => from.resume());
  }

  hold(): void {
    this.#isHeld = true;
  }

  lose(): void {
    this.#isLost = true;
    this.#pump();
  }

  goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#pump();
  }

  #take(...things: (Message | 'end' | 'reset')[]): void {
    this.#queue.push(...things);
    this.#pump();
  }

  #pump(): void {
    for (let first = this.#queue[0]; first !== undefined && (this.#isLost || !this.#isHeld); first = this.#queue[0]) {
      if (this.#isLost) this.#queue.length = 0;
      else if (!this.#pass(first)) return;
    }
  }

  #pass(first: Message | 'end' | 'reset'): boolean {
    if (first === 'end' || first === 'reset') {
      this.#queue.shift();
      if (first === 'end') this.#into.end();
      else reset(this.#into);
      return true;
    }
    const send = (bytes: number) => this.#send(first, bytes);
    const verdict = this.#judge(first, send);
    if (verdict === 'goes') {
      send(first.bytes.length);
      this.#queue.shift();
      this.#sentBytes = 0;
    }
    return verdict === 'goes' || verdict === 'lost';
  }

  /** As much of it as is not sent yet, up to that many bytes of the whole. */
  #send({ bytes }: Message, upTo: number): void {
    if (upTo <= this.#sentBytes || this.#into.destroyed || !this.#into.writable) return;
    const goesOn = this.#into.write(bytes.subarray(this.#sentBytes, upTo));
    this.#sentBytes = upTo;
    if (!goesOn) this.#from.pause();
  }
}
