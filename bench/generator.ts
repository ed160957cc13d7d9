import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { MessageReader } from './http-message.ts';
import { Latencies } from './statistics.ts';

export interface Load {
  readonly coordinatorPort: number;
  readonly servicesPort: number;
  /** So many sagas at any time: each connection submits the next as soon as its last has ended. */
  readonly inFlight: number;
  /**
   * True: one submit with wait_result. False: a submit without it, then the same again with it, which answers when the
   * running saga is final (or that it is final already).
   */
  readonly wait: boolean;
}

/** Branches get a minute: where the machine stands still for a moment, that is measured and nothing is retried. */
export const patientSeconds = 60;

/** A closed loop of two-branch sagas over kept-alive connections. */
export class Generator {
  readonly #load: Load;
  readonly #idPrefix = randomUUID().slice(0, 8);
  readonly #acknowledged = new Latencies();
  readonly #final = new Latencies();
  readonly #sockets: Socket[] = [];
  #sagas = 0;
  #count = 0;
  #isStopping = false;
  #open = 0;
  #whenIdle: (() => void) | undefined;

  constructor(load: Load) {
    this.#load = load;
  }

  /** Sagas that became final since the start. */
  get count(): number {
    return this.#count;
  }

  start(): void {
    for (let index = 0; index < this.#load.inFlight; index += 1) this.#startConnection();
  }

  /** Submits nothing new; resolves when the last saga has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Latencies since the last look. */
  takeLatencies(): {
    readonly acknowledged: ReturnType<Latencies['take']>;
    readonly final: ReturnType<Latencies['take']>;
  } {
    return { acknowledged: this.#acknowledged.take(), final: this.#final.take() };
  }

  #startConnection(): void {
    const socket = connect({ port: this.#load.coordinatorPort, host: '127.0.0.1', noDelay: true });
    let gid = '';
    let startedMs = 0;
    let isAcknowledged = false;
    const next = () => {
      if (this.#isStopping) {
        this.#end();
        return;
      }
      this.#sagas += 1;
      gid = `${scattered(this.#sagas)}${this.#idPrefix}${this.#sagas}`;
      isAcknowledged = false;
      startedMs = performance.now();
      socket.write(this.#submit(gid, this.#load.wait));
    };
    const reader = new MessageReader((head, body) => {
      const tookMs = performance.now() - startedMs;
      if (this.#load.wait || isAcknowledged) {
        check(head, body, isAcknowledged);
        this.#final.add(tookMs);
        this.#count += 1;
        next();
      } else {
        check(head, body, false);
        isAcknowledged = true;
        this.#acknowledged.add(tookMs);
        socket.write(this.#submit(gid, true));
      }
    });
    socket.on('data', (chunk) => reader.read(chunk));
    socket.on('close', () => {
      // A bench that loses connections measures something else: it ends here, loudly.
      if (!this.#isStopping) throw new Error('the coordinator closed a connection under load');
    });
    this.#sockets.push(socket);
    this.#open += 1;
    socket.once('connect', next);
  }

  #end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#whenIdle?.();
  }

  #submit(gid: string, wait: boolean): string {
    const body = sagaBody(gid, this.#load.servicesPort, wait, patientSeconds);
    const head = `POST /api/dtmsvr/submit HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    return `${head}\r\n\r\n${body}`;
  }
}

/** @param timeoutSeconds of a branch call; 0: as the coordinator has it by default */
export function sagaBody(gid: string, servicesPort: number, wait: boolean, timeoutSeconds: number): string {
  const services = `http://127.0.0.1:${servicesPort}`;
  return (
    `{"gid":"${gid}","trans_type":"saga","wait_result":${wait},"request_timeout":${timeoutSeconds},"steps":[` +
    `{"action":"${services}/out","compensate":"${services}/outRevert"},` +
    `{"action":"${services}/in","compensate":"${services}/inRevert"}],` +
    `"payloads":["{\\"account\\":1,\\"amount\\":30}","{\\"account\\":2,\\"amount\\":30}"]}`
  );
}

/** Different for every number below 2^32 and in no order, as gids are: an index of them is written all over. */
export function scattered(count: number): string {
  return (Math.imul(count, 2_654_435_761) >>> 0).toString(36).padStart(7, '0');
}

/** Figures of a load that is refused mean nothing. */
function check(head: string, body: string, wasAcknowledged: boolean): void {
  if (head.startsWith('HTTP/1.1 200') && !body.includes('FAILURE')) return;
  // Submitted again after it became final: refused, because it is final.
  if (wasAcknowledged && head.startsWith('HTTP/1.1 409') && body.includes("'succeed'")) return;
  throw new Error(`the coordinator answered a submit with ${head.slice(0, head.indexOf('\r\n'))} ${body}`);
}
