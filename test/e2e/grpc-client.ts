import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

const protoPath = join(import.meta.dirname, '..', '..', 'docs', 'dtm.proto');

type Methods = Readonly<Record<string, MethodDefinition<object, object>>>;

/** Nothing of the coordinator's own code: the published .proto, read by another library. */
function methodsOf(): Methods {
  const service = loadSync(protoPath, { keepCase: true, longs: Number, defaults: true })['dtmgimp.Dtm'];
  assert.ok(service !== undefined);
  return service as unknown as Methods;
}

export interface GrpcAnswer {
  /** 0: success. */
  readonly code: number;
  readonly details: string;
  readonly reply: Readonly<Record<string, unknown>>;
  readonly trailers: Metadata;
}

/** Speaks dtm's gRPC API as an SDK does, on one connection; or on one to each of several, of which one is chosen for each call. */
export class GrpcClient {
  readonly #clients: readonly Client[];
  readonly #choose: <Choice>(choices: readonly Choice[]) => Choice | undefined;
  readonly #methods = methodsOf();

  constructor(
    addresses: string | readonly string[],
    secured: ChannelCredentials = credentials.createInsecure(),
    options: object = {},
    choose: <Choice>(choices: readonly Choice[]) => Choice | undefined = ([first]) => first,
  ) {
    this.#clients = [addresses].flat().map((address) => new Client(address, secured, options));
    this.#choose = choose;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  call(name: string, request: object = {}, options: CallOptions = {}): Promise<GrpcAnswer> {
    const method = this.#methods[name];
    assert.ok(method !== undefined, name);
    return this.#unary(
      method.path,
      (value: object) => method.requestSerialize(value),
      request,
      (bytes) => method.responseDeserialize(bytes),
      options,
    );
  }

  /** Bytes as they are, to any path. */
  raw(path: string, bytes: Uint8Array): Promise<GrpcAnswer> {
    return this.#unary(
      path,
      (value: Uint8Array) => Buffer.from(value),
      bytes,
      (reply) => ({ bytes: reply }),
      {},
    );
  }

  /** Expects success. */
  async does(name: string, request: object): Promise<Readonly<Record<string, unknown>>> {
    const { code, details, reply } = await this.call(name, request);
    assert.deepEqual([code, details], [0, ''], name);
    return reply;
  }

  #unary<Request>(
    path: string,
    serialize: (value: Request) => Buffer,
    request: Request,
    deserialize: (bytes: Buffer) => object,
    options: CallOptions,
  ): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, reply?: object) => {
        const { code = 0, details = '', metadata: trailers = new Metadata() } = error ?? {};
        resolve({ code, details, trailers, reply: (reply ?? {}) as Readonly<Record<string, unknown>> });
      };
      const client = this.#choose(this.#clients);
      assert.ok(client !== undefined);
      client.makeUnaryRequest(path, serialize, deserialize, request, new Metadata(), options, done);
    });
  }
}
