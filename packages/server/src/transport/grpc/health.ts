import { HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import type { GrpcCall } from './call.ts';
import { type Endpoints, oneMessage } from './endpoint.ts';
import { decode, encode, type Message } from './protobuf.ts';
import { dtmService, type Service } from './schema.ts';

/** `grpc.health.v1`: whether the coordinator can serve, as `/readyz` says over HTTP. */

const servingStatus = {
  name: 'grpc.health.v1.HealthCheckResponse.ServingStatus',
  values: ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'],
} as const;

const checkRequest = {
  name: 'grpc.health.v1.HealthCheckRequest',
  fields: { service: { kind: 'string', id: 1 } },
} as const satisfies Message;

const checkResponse = {
  name: 'grpc.health.v1.HealthCheckResponse',
  fields: { status: { kind: 'enum', id: 1, type: servingStatus } },
} as const satisfies Message;

export const healthService = {
  name: 'grpc.health.v1.Health',
  methods: {
    Check: { request: checkRequest, reply: checkResponse },
    Watch: { request: checkRequest, reply: checkResponse, streams: 'replies' },
  },
} as const satisfies Service;

/** How often watchers are looked after, while there are any. */
const watchMs = 200;
/** The server as a whole, and its one service. */
const known: ReadonlySet<string> = new Set(['', dtmService.name]);

type Status = (typeof servingStatus)['values'][number];

interface Watcher {
  readonly service: string;
  told: Status | undefined;
}

/** Checks ask the coordinator each time; who watches is told of each change. */
export class Health {
  readonly #coordinator: Pick<Coordinator, 'unready'>;
  readonly #watching = new Map<GrpcCall, Watcher>();
  #timer: NodeJS.Timeout | undefined;

  constructor(coordinator: Pick<Coordinator, 'unready'>) {
    this.#coordinator = coordinator;
  }

  get endpoints(): Endpoints {
    return {
      Check: (call) => oneMessage((message) => call.answer(this.#checked(message))),
      Watch: (call) => ({
        ...oneMessage((message) => this.#watch(call, decode(checkRequest, message).service)),
        closed: () => this.#watching.delete(call),
      }),
    };
  }

  /** Whoever watches would keep the connection open. */
  stop(): void {
    this.#tellAll();
    clearInterval(this.#timer);
    for (const call of this.#watching.keys()) call.end();
    this.#watching.clear();
  }

  /** @throws HoldfastError */
  #checked(message: Buffer): Buffer {
    const { service } = decode(checkRequest, message);
    if (!known.has(service)) throw new HoldfastError('NOT_FOUND', 'service: there is no service with this name');
    return encoded(this.#status());
  }

  #watch(call: GrpcCall, service: string): void {
    this.#watching.set(call, { service, told: undefined });
    this.#timer ??= setInterval(() => this.#tellAll(), watchMs).unref();
    this.#tellAll();
  }

  #tellAll(): void {
    if (this.#watching.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const current = this.#status();
    for (const [call, watcher] of this.#watching) {
      const status = known.has(watcher.service) ? current : 'SERVICE_UNKNOWN';
      if (status === watcher.told) continue;
      watcher.told = status;
      call.write(encoded(status));
    }
  }

  #status(): Status {
    return this.#coordinator.unready() === undefined ? 'SERVING' : 'NOT_SERVING';
  }
}

function encoded(status: Status): Buffer {
  return encode(checkResponse, { status: servingStatus.values.indexOf(status) });
}
