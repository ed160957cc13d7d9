import { type Outcome, parseRetryAfter } from '@holdfast/core';
import type { Dispatcher } from 'undici';
import type { BranchCall, Cuttable, Health, Runtime, SendingCall, Timer } from '../../engine/ports.ts';
import { reasonOf } from '../failure-reason.ts';
import { AnswerBody, type AnswerText } from './answer-body.ts';
import type { Connection, Connections } from './connections.ts';
import { withoutEchoes } from './echoed.ts';
import type { HttpForm } from './form.ts';
import type { HeaderList, HttpHeaders } from './headers.ts';
import type { SenderLimits } from './limits.ts';
import { type HttpTarget, httpTargetOf } from './target.ts';

export interface ExchangeContext {
  readonly runtime: Runtime;
  readonly limits: SenderLimits;
  readonly headers: HttpHeaders;
  readonly connections: Connections;
}

type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * One HTTP call of a branch, redirects included: sent once per hop and never again by itself, because only the
 * coordinator may decide to repeat a call. It is undici's handler for every hop, and ignores what comes after its end.
 */
export class Exchange implements Dispatcher.DispatchHandler, Cuttable {
  readonly #context: ExchangeContext;
  readonly #sending: SendingCall;
  readonly #call: BranchCall;
  readonly #form: HttpForm;
  #method: 'GET' | 'POST';
  readonly #startedMs: number;
  #timer: Timer | undefined;
  #target: HttpTarget | undefined;
  #connection: Connection | undefined;
  #redirects = 0;
  /** A redirect has led to another origin: the branch's headers are not sent any more, not even back at the first. */
  #isForeign = false;
  /** The request of this hop has gone out. */
  #isSent = false;
  /** That of any hop has. */
  #mayHaveRun = false;
  #isEnded = false;
  #statusCode = 0;
  #responseHeaders: ResponseHeaders = {};
  #body: AnswerBody;

  constructor(context: ExchangeContext, sending: SendingCall, form: HttpForm) {
    this.#context = context;
    this.#sending = sending;
    this.#call = sending.call;
    this.#form = form;
    this.#method = form.method;
    this.#startedMs = context.runtime.monotonicMs();
    this.#body = new AnswerBody(context.limits.answerBytes);
  }

  start(): void {
    const target = httpTargetOf(this.#call.url);
    if (target === undefined) {
      this.#end(errorOf('the URL of the branch is not an absolute http:// or https:// URL'), 'ok');
      return;
    }
    const { runtime } = this.#context;
    // Where this process was busy for long, the answer may have arrived in time: what has come is read first.
    this.#timer = runtime.setTimer(this.#call.timeoutMs, () => runtime.soon(() => this.#timeOut()));
    this.#send({ ...target, path: this.#form.pathOf(target.path) });
  }

  /** undici writes the request of a hop right after this, unless it is aborted here. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isEnded) return;
    if (this.#sending.mayGo()) {
      this.#isSent = true;
      this.#mayHaveRun = true;
      return;
    }
    this.cut();
    controller.abort(new Error('the call was withdrawn'));
  }

  cut(): void {
    if (this.#isEnded) return;
    if (this.#mayHaveRun) this.#end(errorOf('the call was cut while it was out'), 'cut');
    else this.#end(errorOf('the call was withdrawn'), 'withdrawn');
  }

  /** Also called for 1xx, which the answer then replaces. */
  onResponseStart(_controller: unknown, statusCode: number, headers: ResponseHeaders): void {
    this.#statusCode = statusCode;
    this.#responseHeaders = headers;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (!this.#isEnded && !this.#body.add(chunk)) this.#judge(this.#text());
  }

  onResponseEnd(): void {
    // After undici's parser has returned: it must not be entered again by the next call.
    if (!this.#isEnded) process.nextTick(() => this.#answered());
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#isEnded) return;
    if ('code' in error && (error.code === 'UND_ERR_INVALID_ARG' || error.code === 'UND_ERR_NOT_SUPPORTED')) {
      this.#end(errorOf(`the call cannot be sent: ${reasonOf(error)}`), 'ok');
    } else if (this.#isSent) {
      this.#end(errorOf(`the connection was lost before the whole answer came: ${reasonOf(error)}`), 'unavailable');
    } else {
      this.#end(errorOf(`cannot connect: ${reasonOf(error)}`), this.#connectHealth);
    }
  }

  #send(target: HttpTarget): void {
    const { headers, connections } = this.#context;
    let list: HeaderList;
    try {
      list = headers.of(this.#call.headers, target.authorization, this.#isForeign);
    } catch (error) {
      this.#end(errorOf(`the call cannot be sent: ${reasonOf(error)}`), 'ok');
      return;
    }
    this.#target = target;
    this.#isSent = false;
    this.#connection = connections.take(target.origin);
    const body = this.#method === 'POST' ? this.#form.body : null;
    this.#connection.client.dispatch({ path: target.path, method: this.#method, headers: list, body }, this);
  }

  /** A whole answer: its connection serves the next call. */
  #answered(): void {
    if (this.#isEnded) return;
    this.#release('give');
    const target = this.#redirectTarget();
    if (this.#isOldCallback()) this.#askByGet();
    else if (target === undefined) this.#judge(this.#text());
    else if (this.#redirects >= this.#context.limits.redirects) {
      this.#end(errorOf(`more than ${this.#context.limits.redirects} redirects`), 'ok');
    } else {
      this.#redirects += 1;
      this.#isForeign ||= target.origin !== this.#target?.origin;
      this.#body = new AnswerBody(this.#context.limits.answerBytes);
      // A relative URL of the same origin keeps the user and password of the first.
      const isSilent = target.authorization === '' && !this.#isForeign;
      this.#send(isSilent ? { ...target, authorization: this.#target?.authorization ?? '' } : target);
    }
  }

  /** A workflow's route that was written for callbacks without input, which were GET. */
  #isOldCallback(): boolean {
    const isRefused = this.#statusCode === 404 || this.#statusCode === 405;
    return isRefused && this.#method === 'POST' && this.#call.type === 'workflow' && this.#form.body.length === 0;
  }

  #askByGet(): void {
    this.#method = 'GET';
    this.#body = new AnswerBody(this.#context.limits.answerBytes);
    if (this.#target !== undefined) this.#send(this.#target);
  }

  /** Where a redirect leads that is followed; any other one is judged by its status, as an error. */
  #redirectTarget(): HttpTarget | undefined {
    const code = this.#statusCode;
    const isFollowed = code === 307 || code === 308 || (this.#method === 'GET' && code >= 301 && code <= 303);
    const location = isFollowed ? first(this.#responseHeaders['location']) : undefined;
    if (location === undefined || this.#target === undefined) return undefined;
    return httpTargetOf(location, this.#target.origin + this.#target.path);
  }

  #text(): AnswerText {
    return this.#body.text(first(this.#responseHeaders['content-encoding']) ?? '');
  }

  #judge({ text, unread }: AnswerText): void {
    const code = this.#statusCode;
    const retryAfter = first(this.#responseHeaders['retry-after']);
    const retryAfterMs = parseRetryAfter(retryAfter, this.#context.runtime.wallMs());
    const outcome = this.#form.judge(code, text, retryAfterMs, unread);
    const isUnavailable = outcome.kind === 'error' && (code === 502 || code === 503 || code === 504);
    this.#end(this.#forPeople(outcome), isUnavailable ? 'unavailable' : 'ok');
  }

  #forPeople(outcome: Outcome): Outcome {
    if (outcome.kind === 'success' || this.#target === undefined) return outcome;
    const own = httpTargetOf(this.#call.url)?.path ?? '';
    return { ...outcome, message: withoutEchoes(outcome.message, this.#target, own) };
  }

  #timeOut(): void {
    if (this.#isEnded) return;
    const { timeoutMs } = this.#call;
    if (this.#isSent) this.#end(errorOf(`no whole answer within ${timeoutMs} ms`), 'unavailable');
    else this.#end(errorOf(`no connection within ${timeoutMs} ms`), this.#connectHealth);
  }

  /** After a redirect it is another service that cannot be reached: this one has answered. */
  get #connectHealth(): Health {
    return this.#redirects === 0 ? 'connect' : 'unavailable';
  }

  /** Once. A connection that is still held is closed: nobody reads the rest. */
  #end(outcome: Outcome, health: Health): void {
    this.#isEnded = true;
    this.#timer?.cancel();
    this.#release('drop');
    const durationMs = Math.round(this.#context.runtime.monotonicMs() - this.#startedMs);
    process.nextTick(() => this.#sending.ended({ outcome, durationMs, health }));
  }

  #release(how: 'give' | 'drop'): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) this.#context.connections[how](connection);
  }
}

function errorOf(message: string): Outcome {
  return { kind: 'error', message, retryAfterMs: 0 };
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
