import {
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';

/** One call as it arrived at a branch. */
export interface GrpcArrived {
  readonly method: string;
  readonly gid: string;
  readonly metadata: Metadata;
  readonly bytes: Buffer;
}

export interface GrpcScripted {
  readonly code: number;
  readonly details?: string;
}

export const failure: GrpcScripted = { code: status.ABORTED, details: 'Insufficient balance: 3 €' };
export const ongoing: GrpcScripted = { code: status.FAILED_PRECONDITION };
export const broken: GrpcScripted = { code: status.INTERNAL, details: 'oops' };

const asIs = (bytes: Buffer) => bytes;
const methods = ['Out', 'OutRevert', 'In', 'InRevert', 'Confirm', 'Cancel', 'Query'];

/** A real gRPC server with a service `busi.Busi` that answers as scripted, per gid and method: each once, then OK. */
export class GrpcService {
  readonly arrived: GrpcArrived[] = [];
  readonly #scripts = new Map<string, GrpcScripted[]>();
  readonly #server = new Server();
  address = '';

  constructor() {
    const definition = Object.fromEntries(
      methods.map((name) => [
        name,
        {
          ...{ path: `/busi.Busi/${name}`, requestStream: false, responseStream: false },
          ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
        },
      ]),
    ) as ServiceDefinition;
    const handlers = methods.map((method): [string, handleUnaryCall<Buffer, Buffer>] => [
      method,
      ({ metadata, request }, answer) => {
        const gid = String(metadata.get('dtm-gid')[0] ?? '');
        this.arrived.push({ method, gid, metadata, bytes: request });
        const scripted = this.#scripts.get(`${gid} ${method}`)?.shift();
        if (scripted === undefined) answer(null, Buffer.from('ignored'));
        else answer({ code: scripted.code, details: scripted.details ?? '' });
      },
    ]);
    this.#server.addService(definition, Object.fromEntries(handlers));
  }

  async start(): Promise<void> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.address = `127.0.0.1:${port}`;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  /** The next calls of this method for this gid are answered so. */
  script(gid: string, method: string, ...answers: GrpcScripted[]): void {
    this.#scripts.set(`${gid} ${method}`, answers);
  }

  urlOf(method: string): string {
    return `${this.address}/busi.Busi/${method}`;
  }

  callsOf(gid: string): string {
    return this.arrived
      .filter((one) => one.gid === gid)
      .map(({ method }) => method)
      .join(' ');
  }
}
