import type { Cuttable, Runtime, Sender, SendingCall } from '../../engine/ports.ts';
import type { Trust } from '../../tls/trust.ts';
import { reasonOf } from '../failure-reason.ts';
import { Connections } from './connections.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import { type HttpForm, httpFormOf } from './form.ts';
import { HttpHeaders } from './headers.ts';
import type { SenderLimits } from './limits.ts';

export { httpTargetOf } from './target.ts';

export interface HttpSenderParts {
  readonly runtime: Runtime;
  readonly limits: SenderLimits;
  /** Holdfast's own, for User-Agent. */
  readonly version: string;
  /** Default: what node trusts. */
  readonly trust?: Trust | undefined;
}

/**
 * Sends branch calls over HTTP/1.1, JSON-RPC included, exactly as docs/http-api.md#what-holdfast-sends-to-a-branch says.
 * `ended` comes after `send` has returned, once, within the call's time-out; nothing is ever thrown or sent twice: what
 * goes wrong is an outcome. A `100 Continue` that nobody asked for is a broken answer to undici, hence an error; other
 * 1xx are read past.
 */
export class HttpSender implements Sender {
  readonly #context: ExchangeContext;
  readonly #connections: Connections;

  constructor({ runtime, limits, version, trust }: HttpSenderParts) {
    this.#connections = new Connections(limits, trust);
    this.#context = { runtime, limits, headers: new HttpHeaders(version), connections: this.#connections };
  }

  /** Connections that are open and have no call. */
  get idleConnections(): number {
    return this.#connections.idleCount;
  }

  send(sending: SendingCall): Cuttable {
    let form: HttpForm;
    try {
      form = httpFormOf(sending.call, () => this.#context.runtime.newId());
    } catch (error) {
      const outcome = {
        kind: 'error',
        message: `the call cannot be sent: ${reasonOf(error)}`,
        retryAfterMs: 0,
      } as const;
      process.nextTick(() => sending.ended({ outcome, durationMs: 0, health: 'ok' }));
      return { cut: () => undefined };
    }
    const exchange = new Exchange(this.#context, sending, form);
    exchange.start();
    return exchange;
  }

  /** Closes what is idle now and the rest as its calls end; resolves then. Send nothing afterwards. */
  close(): Promise<void> {
    return this.#connections.close();
  }
}
