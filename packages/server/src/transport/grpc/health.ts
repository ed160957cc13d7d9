import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { HoldfastError } from '@holdfast/core';
import type { Coordinator } from '../../engine/coordinator.ts';
import { definitionOf, grpcError, type Sent } from './definition.ts';
import { decode, encode, type Message } from './protobuf.ts';
import { dtmService, type Service } from './schema.ts';
import { errorStatus } from './status.ts';

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
type WatchCall = ServerWritableStream<Sent, Buffer>;

/** Checks ask the coordinator each time; who watches is told of each change. */
export class Health {
  readonly #coordinator: Pick<Coordinator, 'unready'>;
  readonly #watching = new Map<WatchCall, { readonly service: string; told: Status | undefined }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(coordinator: Pick<Coordinator, 'unready'>) {
    this.#coordinator = coordinator;
  }

  addTo(server: Server): void {
    server.addService(definitionOf(healthService), {
      Check: (call: ServerUnaryCall<Sent, Buffer>, answer: sendUnaryData<Buffer>) => this.#check(call, answer),
      Watch: (call: WatchCall) => this.#watch(call),
    });
  }

  /** Whoever watches would keep the connection open. */
  stop(): void {
    this.#tellAll();
    clearInterval(this.#timer);
    for (const call of this.#watching.keys()) call.end();
    this.#watching.clear();
  }

  #check(call: ServerUnaryCall<Sent, Buffer>, answer: sendUnaryData<Buffer>): void {
    try {
      const { service } = decode(checkRequest, call.request.take());
      if (!known.has(service)) throw new HoldfastError('NOT_FOUND', 'service: there is no service with this name');
      answer(null, encoded(this.#status()));
    } catch (error) {
      answer(grpcError(errorStatus(error)));
    }
  }

  #watch(call: WatchCall): void {
    let service: string;
    try {
      service = decode(checkRequest, call.request.take()).service;
    } catch (error) {
      call.emit('error', grpcError(errorStatus(error)));
      return;
    }
    this.#watching.set(call, { service, told: undefined });
    call.on('cancelled', () => this.#watching.delete(call));
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
