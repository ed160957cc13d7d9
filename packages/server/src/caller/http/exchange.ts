import { type Outcome, parseRetryAfter, warningAbout } from '@holdfast/core';
import type { Cuttable, Health, Runtime, SendingCall, Timer } from '../../engine/ports.ts';
import { noteOfClosing, wasClosing } from '../closing.ts';
import type { DialFailure, Dialing } from '../dial/dialer.ts';
import { reasonOf } from '../failure-reason.ts';
import type { AnswerHead } from './answer/head.ts';
import { AnswerBody, type AnswerText, noText, textOf } from './answer-body.ts';
import type { Connections } from './connections.ts';
import type { Departing, Departures } from './departures.ts';
import { withoutEchoes } from './echoed.ts';
import type { HttpForm } from './form.ts';
import type { HeaderBlock, HttpHeaders } from './headers.ts';
import type { SenderLimits } from './limits.ts';
import type { Reader, ReadingBudget } from './reading.ts';
import { redirectOf } from './redirect.ts';
import { type HttpTarget, httpTargetOf, withBranchQuery } from './target.ts';
import type { LostWire, Wire, WireEvents, WireWaiter } from './wire.ts';

export interface ExchangeContext {
  readonly runtime: Runtime;
  readonly limits: SenderLimits;
  readonly headers: HttpHeaders;
  readonly connections: Connections;
  readonly reading: ReadingBudget;
  readonly departures: Departures;
  /** An exchange has ended. */
  ended(): void;
}

/**
 * One HTTP call of a branch, redirects included. It waits for the end of the round of the event loop and for a
 * connection, asks whether it may still go, and is written. It is sent again by itself in one case only: its connection
 * was closing when it was written.
 */
export class Exchange implements Cuttable, Departing, WireWaiter, WireEvents, Reader {
  readonly #context: ExchangeContext;
  readonly #sending: SendingCall;
  readonly #form: HttpForm;
  readonly #startedMs: number;
  #method: 'GET' | 'POST';
  #timer: Timer | undefined;
  #target: HttpTarget | undefined;
  #headers: HeaderBlock | undefined;
  /** It waits for this connection, or is on that one. */
  #dialing: Dialing | undefined;
  #wire: Wire | undefined;
  /** A byte of it may have reached a service. */
  #wasSent = false;
  #isSecond = false;
  #wasSentTwice = false;
  #redirects = 0;
  /** `cut` has not returned yet: nobody may be told anything. */
  #isBeingCut = false;
  #isEnded = false;
  #head: AnswerHead | undefined;
  /** Of a body that came in one piece. */
  #text = noText;
  #body: AnswerBody | undefined;
  /** About an answer that counts all the same. */
  #warning: string | undefined;

  constructor(context: ExchangeContext, sending: SendingCall, form: HttpForm) {
    this.#context = context;
    this.#sending = sending;
    this.#form = form;
    this.#method = form.method;
    this.#startedMs = context.runtime.monotonicMs();
  }

  start(): void {
    const { runtime, departures } = this.#context;
    // Where this process was busy for long, the answer may have arrived in time: what has come is read first.
    this.#timer = runtime.setTimer(this.#sending.call.timeoutMs, () => runtime.soon(() => this.#timeOut()));
    departures.add(this);
  }

  /** A defect ends this call alone: others depart with it. */
  depart(): void {
    if (this.#isEnded) return;
    try {
      this.#depart();
    } catch (error) {
      this.#end(errorOf(`the call could not be made: ${reasonOf(error)}`), 'ok');
    }
  }

  #depart(): void {
    const { call } = this.#sending;
    const target = httpTargetOf(call.url);
    if (target === undefined) {
      this.#end(errorOf('the URL of the branch is not an absolute http:// or https:// URL'), 'ok');
    } else {
      this.#send(this.#form.isNamedInQuery ? { ...target, path: withBranchQuery(target.path, call) } : target);
    }
  }

  cut(): void {
    if (this.#isEnded) return;
    this.#isBeingCut = true;
    if (this.#wasSent) this.#end(errorOf('the call was cut while it was out'), 'cut');
    else this.#end(errorOf('the call was withdrawn'), 'withdrawn');
  }

  wireOpened(wire: Wire): void {
    this.#dialing = undefined;
    this.#go(wire);
  }

  wireFailed({ message, isLocal }: DialFailure): void {
    this.#dialing = undefined;
    this.#end(errorOf(`cannot connect: ${message}`), isLocal ? this.#localHealth : this.#connectHealth);
  }

  answerHead(head: AnswerHead): void {
    this.#head = head;
  }

  answerBody(bytes: Buffer, from: number, to: number): void {
    const { limits, reading } = this.#context;
    const head = this.#head;
    if (head?.framing === 'length' && head.length === to - from && head.length <= limits.answerBytes) {
      this.#text = textOf(bytes.subarray(from, to), head.contentEncoding, limits.answerBytes, false);
      return;
    }
    this.#body ??= new AnswerBody(limits.answerBytes);
    const keptBytes = this.#body.keptBytes;
    const isRead = this.#body.add(bytes, from, to);
    const mayReadOn = reading.add(this, this.#body.keptBytes - keptBytes, this.#body.keptBytes);
    if (!isRead) this.#judge();
    else if (!mayReadOn) this.#wire?.pause();
  }

  get origin(): string {
    return this.#target?.origin ?? '';
  }

  readOn(): void {
    this.#wire?.resume();
  }

  /** A whole answer: its connection serves the next call. */
  answerEnd(isReusable: boolean): void {
    this.#release(isReusable);
    if (this.#isOldCallback()) {
      this.#method = 'GET';
      this.#again(this.#target);
      return;
    }
    const redirect = this.#redirect();
    if (redirect?.kind !== 'followed') this.#judge(redirect?.kind === 'refused' ? redirect.reason : '');
    else if (this.#redirects >= this.#context.limits.redirects) {
      this.#end(errorOf(`more than ${this.#context.limits.redirects} redirects`), 'ok');
    } else {
      this.#redirects += 1;
      this.#again(redirect.target);
    }
  }

  answerRefused(reason: string): void {
    this.#end(errorOf(`the answer cannot be read: ${reason}`), 'unavailable');
  }

  wireLost(lost: LostWire): void {
    this.#wire = undefined;
    const target = this.#target;
    if (target !== undefined && wasClosing({ ...lost, isSecond: this.#isSecond })) {
      this.#isSecond = true;
      this.#context.connections.wasClosing(target.origin);
      this.#dialing = this.#context.connections.open(target.place, this);
    } else {
      this.#end(errorOf(`the connection was lost before the whole answer came: ${lost.reason}`), 'unavailable');
    }
  }

  #again(target: HttpTarget | undefined): void {
    this.#forget();
    if (target !== undefined) this.#send(target);
  }

  /** To that target, on a connection that is open or is to be opened. */
  #send(target: HttpTarget): void {
    const { headers, connections } = this.#context;
    const bodyBytes = this.#method === 'GET' ? 0 : this.#form.body.length;
    try {
      this.#headers = headers.of(this.#sending.call.headers, target.authorization, bodyBytes > 0);
    } catch (error) {
      this.#end(errorOf(`the call cannot be sent: ${reasonOf(error)}`), 'ok');
      return;
    }
    this.#target = target;
    const wire = connections.take(target.origin, bodyBytes);
    if (wire === undefined) this.#dialing = connections.open(target.place, this);
    else this.#go(wire);
  }

  /** The last moment: from here on it is on the wire. */
  #go(wire: Wire): void {
    const [target, headers] = [this.#target, this.#headers];
    if (target === undefined || headers === undefined || !this.#sending.mayGo()) {
      // Nothing was written on it: it may have taken long to make, and serves the next call.
      wire.release(true);
      if (this.#wasSent) this.#end(errorOf('the call was withdrawn before it was sent again'), 'cut');
      else this.#end(errorOf('the call was withdrawn'), 'withdrawn');
      return;
    }
    this.#wire = wire;
    this.#wasSent = true;
    this.#wasSentTwice = this.#isSecond;
    const { place, path } = target;
    wire.begin({ method: this.#method, place, path, headers, body: this.#form.body }, this);
  }

  /** A workflow's route that was written for callbacks without input, which were GET. */
  #isOldCallback(): boolean {
    const isRefused = this.#head?.statusCode === 404 || this.#head?.statusCode === 405;
    return (
      isRefused && this.#method === 'POST' && this.#sending.call.type === 'workflow' && this.#form.body.length === 0
    );
  }

  #redirect() {
    return this.#head === undefined || this.#target === undefined
      ? undefined
      : redirectOf(this.#head, this.#method, this.#target);
  }

  /** @param notFollowed why a redirect is an error; empty where it is none */
  #judge(notFollowed = ''): void {
    const code = this.#head?.statusCode ?? 0;
    const { text, unread } = this.#answerText();
    const retryAfter = this.#head?.retryAfter;
    const retryAfterMs = retryAfter === undefined ? 0 : parseRetryAfter(retryAfter, this.#context.runtime.wallMs());
    const outcome = this.#form.judge(code, text, retryAfterMs, notFollowed === '' ? unread : notFollowed);
    const isUnavailable = outcome.kind === 'error' && (code === 502 || code === 503 || code === 504);
    this.#warning = warningAbout(outcome, text);
    this.#end(this.#forPeople(outcome), isUnavailable ? 'unavailable' : 'ok');
  }

  #answerText(): AnswerText {
    return this.#body?.text(this.#head?.contentEncoding ?? '') ?? this.#text;
  }

  #forPeople(outcome: Outcome): Outcome {
    if (outcome.kind === 'success' || this.#target === undefined) return outcome;
    const own = httpTargetOf(this.#sending.call.url)?.path ?? '';
    return { ...outcome, message: withoutEchoes(outcome.message, this.#target, own) };
  }

  #timeOut(): void {
    if (this.#isEnded) return;
    const timeoutMs = Math.round(this.#sending.call.timeoutMs);
    if (this.#dialing !== undefined) {
      this.#end(errorOf(`no ${this.#dialing.waitsFor} within ${timeoutMs} ms`), this.#connectHealth);
    } else if (this.#context.reading.isWaiting(this)) {
      const message = `the answer was not read within ${timeoutMs} ms: its other answers that are being read have all of the memory that one service may have (calls.readingBytes)`;
      this.#end(errorOf(message), 'ok');
    } else {
      this.#end(errorOf(`no whole answer within ${timeoutMs} ms`), 'unavailable');
    }
  }

  /** Once a service has it, it is no longer sure that it was not sent, and that service has been reached. */
  get #connectHealth(): Health {
    return this.#wasSent ? 'unavailable' : 'connect';
  }

  get #localHealth(): Health {
    return this.#wasSent ? 'ok' : 'local';
  }

  /** Once. A connection that is still held is closed: nobody reads the rest. */
  #end(outcome: Outcome, health: Health): void {
    this.#isEnded = true;
    this.#timer?.cancel();
    this.#dialing?.cancel();
    this.#dialing = undefined;
    this.#release(false);
    this.#forget();
    const durationMs = Math.round(this.#context.runtime.monotonicMs() - this.#startedMs);
    const note = this.#note;
    const answer = note === undefined ? { outcome, durationMs, health } : { outcome, durationMs, health, note };
    if (this.#isBeingCut) process.nextTick(() => this.#sending.ended(answer));
    else this.#sending.ended(answer);
    this.#context.ended();
  }

  /** Of the attempt, for people. */
  get #note(): string | undefined {
    if (!this.#isSecond) return this.#warning;
    const ofClosing = noteOfClosing(this.#wasSentTwice);
    return this.#warning === undefined ? ofClosing : `${ofClosing}; ${this.#warning}`;
  }

  #release(isReusable: boolean): void {
    const wire = this.#wire;
    this.#wire = undefined;
    wire?.release(isReusable);
  }

  /** What was read of an answer. */
  #forget(): void {
    if (this.#body !== undefined) this.#context.reading.leave(this, this.#body.keptBytes);
    this.#body = undefined;
    this.#text = noText;
    this.#head = undefined;
  }
}

function errorOf(message: string): Outcome {
  return { kind: 'error', message, retryAfterMs: 0 };
}
