import { type GrpcTarget, grpcOriginOf, grpcTargetOf } from '@holdfast/core';
import type { Cuttable, Runtime, Sender, SendingCall } from '../../engine/ports.ts';
import { ClosingOrigins } from '../closing.ts';
import type { Dialer } from '../dial/dialer.ts';
import { GrpcChannel } from './channel.ts';
import { GrpcExchange, type GrpcExchangeContext } from './exchange.ts';
import type { GrpcLimits } from './limits.ts';

export interface GrpcSenderParts {
  /** Time of the calls. */
  readonly runtime: Runtime;
  /** The machine's time, for connections. */
  readonly upkeep: Runtime;
  readonly limits: GrpcLimits;
  /** Holdfast's own, for User-Agent. */
  readonly version: string;
  readonly dialer: Dialer;
}

/**
 * Sends branch calls over gRPC, as docs/http-api.md#grpc says: bytes as they are, whatever the service's messages look
 * like. `ended` comes after `send` has returned, once, within the call's time-out.
 */
export class GrpcSender implements Sender {
  readonly #parts: GrpcSenderParts;
  readonly #context: GrpcExchangeContext;
  readonly #closingOrigins = new ClosingOrigins();
  readonly #channels = new Map<string, GrpcChannel>();
  /** Open connections without calls, the longest idle first. */
  readonly #idle = new Set<GrpcChannel>();
  #calls = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(parts: GrpcSenderParts) {
    this.#parts = parts;
    const { runtime, upkeep, limits, version } = parts;
    this.#context = { runtime, upkeep, limits, userAgent: `holdfast/${version}` };
  }

  /** Connections that are open and have no call. */
  get idleConnections(): number {
    return this.#idle.size;
  }

  send(sending: SendingCall): Cuttable {
    const target = grpcTargetOf(sending.call.url);
    if (target === undefined) {
      const message = 'the URL of the branch is not host:port/package.Service/Method';
      const outcome = { kind: 'error', message, retryAfterMs: 0 } as const;
      process.nextTick(() => sending.ended({ outcome, durationMs: 0, health: 'ok' }));
      return { cut: () => undefined };
    }
    this.#calls += 1;
    const exchange = new GrpcExchange(this.#context, sending, {
      target,
      channel: () => this.#channelOf(target),
      ended: () => {
        this.#calls -= 1;
        this.#tellClosed();
      },
    });
    exchange.start();
    return exchange;
  }

  /** Closes what is idle now and the rest as its calls end; resolves then. Send nothing afterwards. */
  close(): Promise<void> {
    this.#closing ??= Promise.withResolvers();
    for (const channel of this.#idle) channel.close();
    this.#tellClosed();
    return this.#closing.promise;
  }

  #channelOf(target: GrpcTarget): GrpcChannel {
    const origin = grpcOriginOf(target);
    const known = this.#channels.get(origin);
    if (known !== undefined) return known;
    const { upkeep, limits, dialer } = this.#parts;
    const changed = (channel: GrpcChannel) => this.#changed(origin, channel);
    const channel = new GrpcChannel({
      target,
      origin,
      dialer,
      upkeep,
      limits,
      closing: this.#closingOrigins,
      changed,
    });
    this.#channels.set(origin, channel);
    return channel;
  }

  /** A channel without connection and calls is forgotten; of idle connections as many are kept as the limit says. */
  #changed(origin: string, channel: GrpcChannel): void {
    if (!channel.isIdle) this.#idle.delete(channel);
    else if (channel.isOpen) this.#idle.add(channel);
    else {
      this.#idle.delete(channel);
      if (this.#channels.get(origin) === channel) this.#channels.delete(origin);
    }
    if (this.#closing !== undefined && channel.isIdle) channel.close();
    const [oldest] = this.#idle;
    if (this.#idle.size > this.#parts.limits.idleConnections) oldest?.close();
  }

  #tellClosed(): void {
    if (this.#calls === 0) this.#closing?.resolve();
  }
}
