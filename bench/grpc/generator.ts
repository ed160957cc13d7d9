import { randomUUID } from 'node:crypto';
import { type ClientHttp2Session, connect } from 'node:http2';
import { encode } from 'holdfast/transport/grpc/protobuf';
import { dtmRequest } from 'holdfast/transport/grpc/schema';
import { patientSeconds, scattered } from '../load/kinds.ts';
import { Latencies } from '../statistics.ts';

export interface GrpcLoad {
  readonly coordinatorPort: number;
  readonly servicesPort: number;
  /** So many sagas at any time. */
  readonly inFlight: number;
}

/** Sagas that share one connection: as many as a client in earnest would let share it. */
const sagasPerConnection = 64;
const payloads = [1, 2].map((account) => Buffer.from(`{"account":${account},"amount":30}`));

/** A closed loop of two-branch sagas over gRPC, each one Submit that waits for its end. */
export class GrpcGenerator {
  readonly #load: GrpcLoad;
  readonly #steps: string;
  readonly #idPrefix = randomUUID().slice(0, 8);
  readonly #final = new Latencies();
  readonly #sessions: ClientHttp2Session[] = [];
  #sagas = 0;
  #count = 0;
  #isStopping = false;
  #open = 0;
  #whenIdle: (() => void) | undefined;

  constructor(load: GrpcLoad) {
    this.#load = load;
    const services = `127.0.0.1:${load.servicesPort}/bank.Bank`;
    this.#steps = JSON.stringify([
      { action: `${services}/Out`, compensate: `${services}/OutRevert` },
      { action: `${services}/In`, compensate: `${services}/InRevert` },
    ]);
  }

  /** Sagas that became final since the start. */
  get count(): number {
    return this.#count;
  }

  /** Whoever is refused ends the run. */
  get refused(): number {
    return 0;
  }

  start(): void {
    const { inFlight, coordinatorPort } = this.#load;
    for (let started = 0; started < inFlight; started += sagasPerConnection) {
      const session = connect(`http://127.0.0.1:${coordinatorPort}`);
      session.once('close', () => {
        // A bench that loses connections measures something else: it ends here, loudly.
        if (!this.#isStopping) throw new Error('the coordinator closed a connection under load');
      });
      this.#sessions.push(session);
      const sagas = Math.min(sagasPerConnection, inFlight - started);
      this.#open += sagas;
      session.once('connect', () => {
        for (let saga = 0; saga < sagas; saga += 1) this.#next(session);
      });
    }
  }

  /** Submits nothing new; resolves when the last saga has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    for (const session of this.#sessions) session.close();
  }

  /** Since the last look. Nothing is acknowledged before its end. */
  takeLatencies(): {
    readonly acknowledged: ReturnType<Latencies['take']>;
    readonly final: ReturnType<Latencies['take']>;
  } {
    return { acknowledged: { p50Ms: 0, p99Ms: 0, maxMs: 0 }, final: this.#final.take() };
  }

  #next(session: ClientHttp2Session): void {
    if (this.#isStopping) {
      this.#open -= 1;
      if (this.#open === 0) this.#whenIdle?.();
      return;
    }
    this.#sagas += 1;
    const startedMs = performance.now();
    const stream = session.request({
      ':method': 'POST',
      ':path': '/dtmgimp.Dtm/Submit',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    stream.on('response', (head) => (status = head['grpc-status']));
    stream.on('trailers', (trailers) => (status = trailers['grpc-status'] ?? status));
    stream.on('close', () => {
      if (status !== '0') throw new Error(`the coordinator answered a Submit with gRPC status ${status}`);
      this.#final.add(performance.now() - startedMs);
      this.#count += 1;
      this.#next(session);
    });
    stream.resume();
    stream.end(this.#submit(`${scattered(this.#sagas)}${this.#idPrefix}${this.#sagas}`));
  }

  #submit(gid: string): Buffer {
    const message = encode(dtmRequest, {
      Gid: gid,
      TransType: 'saga',
      TransOptions: { WaitResult: true, RequestTimeout: patientSeconds },
      Steps: this.#steps,
      BinPayloads: payloads,
    });
    const frame = Buffer.alloc(5 + message.length);
    frame.writeUInt32BE(message.length, 1);
    message.copy(frame, 5);
    return frame;
  }
}
