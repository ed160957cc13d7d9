import assert from 'node:assert/strict';
import { type handleUnaryCall, type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';

/** One call as it arrived. */
export interface ArrivedCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly gid: string;
  readonly body: Buffer;
}

/** What a call is answered with; by default OK. */
export interface ScriptedStatus {
  readonly code: number;
  readonly details?: string;
}

export const aborted: ScriptedStatus = { code: status.ABORTED, details: 'Insufficient balance' };
export const later: ScriptedStatus = { code: status.FAILED_PRECONDITION, details: 'not yet' };
export const unknown: ScriptedStatus = { code: status.UNKNOWN, details: 'oops' };

/** A gRPC service that answers as the test scripts it, per method: each answer once, then OK. Messages are bytes. */
export class ScriptedGrpcService {
  readonly arrived: ArrivedCall[] = [];
  readonly #server = new Server();
  readonly #scripts = new Map<string, ScriptedStatus[]>();
  #address = '';

  async start(): Promise<void> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    this.#address = `127.0.0.1:${port}`;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** `host:port` */
  get address(): string {
    return this.#address;
  }

  /** A method such as `busi.Busi/TransOut`, and how its next calls are answered; resolves to its URL. */
  script(method: string, ...answers: ScriptedStatus[]): string {
    const path = `/${method}`;
    if (!this.#scripts.has(path)) this.#serve(path);
    this.#scripts.set(path, [...(this.#scripts.get(path) ?? []), ...answers]);
    return this.#address + path;
  }

  callsOf(gid: string): ArrivedCall[] {
    return this.arrived.filter((call) => call.gid === gid);
  }

  #serve(path: string): void {
    const answer: handleUnaryCall<Buffer, Buffer> = ({ request, metadata }, callback) => {
      this.arrived.push({ path, metadata, gid: String(metadata.get('dtm-gid')[0]), body: request });
      const scripted = this.#scripts.get(path)?.shift();
      if (scripted === undefined) callback(null, Buffer.from([8, 1]));
      else callback({ code: scripted.code, details: scripted.details ?? '' });
    };
    const asIs = (bytes: Buffer) => bytes;
    assert.ok(this.#server.register(path, answer, asIs, asIs, 'unary'), path);
  }
}
