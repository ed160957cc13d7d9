import { randomUUID } from 'node:crypto';
import { Latencies } from '../statistics.ts';
import { Connection } from './connection.ts';
import { isSuccess, type Step, scattered } from './kinds.ts';

export interface Load {
  /** Clients are spread over them. */
  readonly coordinatorPorts: readonly number[];
  readonly servicesPort: number;
  /** So many transactions at any time: each client begins the next as soon as its last has ended. */
  readonly inFlight: number;
  /** Of each transaction. */
  readonly steps: readonly Step[];
}

/** How long a client waits that was refused because the coordinator has too much to do. */
const againMs = 100;

/** A closed loop of transactions over kept-alive connections. Latencies count from the first byte, connecting included. */
export class Generator {
  readonly #load: Load;
  readonly #idPrefix = randomUUID().slice(0, 8);
  readonly #acknowledged = new Latencies();
  readonly #final = new Latencies();
  readonly #clients: Client[] = [];
  #begun = 0;
  #count = 0;
  #refused = 0;
  #isStopping = false;
  #open = 0;
  #whenIdle: (() => void) | undefined;

  constructor(load: Load) {
    this.#load = load;
  }

  /** Transactions that became final since the start. */
  get count(): number {
    return this.#count;
  }

  /** Requests that were refused (429) and sent again: the time for that is part of the latencies. */
  get refused(): number {
    return this.#refused;
  }

  start(): void {
    for (let index = 0; index < this.#load.inFlight; index += 1) {
      const ports = this.#load.coordinatorPorts;
      const client = new Client(
        this.#load,
        ports[index % ports.length] ?? 0,
        () => this.#lost(),
        () => (this.#refused += 1),
      );
      this.#clients.push(client);
      this.#open += 1;
      this.#next(client);
    }
  }

  /** Begins nothing new; resolves when the last transaction has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    for (const client of this.#clients) client.close();
  }

  /** Since the last look. Where the last step is not the first one, the first one says that the transaction is durable. */
  takeLatencies(): {
    readonly acknowledged: ReturnType<Latencies['take']>;
    readonly final: ReturnType<Latencies['take']>;
  } {
    return { acknowledged: this.#acknowledged.take(), final: this.#final.take() };
  }

  #next(client: Client): void {
    if (this.#isStopping) {
      this.#open -= 1;
      if (this.#open === 0) this.#whenIdle?.();
      return;
    }
    this.#begun += 1;
    const startedMs = performance.now();
    client.run(`${scattered(this.#begun)}${this.#idPrefix}${this.#begun}`, (isLast) => {
      const tookMs = performance.now() - startedMs;
      if (!isLast) {
        this.#acknowledged.add(tookMs);
        return;
      }
      this.#final.add(tookMs);
      this.#count += 1;
      this.#next(client);
    });
  }

  /** A bench that loses connections measures something else: it ends here, loudly. */
  #lost(): void {
    if (!this.#isStopping) throw new Error('the coordinator or a service closed a connection under load');
  }
}

/** One transaction at a time, step by step. */
class Client {
  readonly #steps: readonly Step[];
  readonly #coordinator: Connection;
  readonly #services: Connection | undefined;
  readonly #refused: () => void;

  constructor({ steps, servicesPort }: Load, coordinatorPort: number, lost: () => void, refused: () => void) {
    this.#steps = steps;
    this.#refused = refused;
    this.#coordinator = new Connection(coordinatorPort, lost);
    if (steps.some(({ to }) => to === 'services')) this.#services = new Connection(servicesPort, lost);
  }

  /** @param answered told after the first step and after the last one, which may be the same */
  run(gid: string, answered: (isLast: boolean) => void): void {
    this.#step(0, gid, answered);
  }

  close(): void {
    this.#coordinator.destroy();
    this.#services?.destroy();
  }

  #step(index: number, gid: string, answered: (isLast: boolean) => void): void {
    const step = this.#steps[index];
    if (step === undefined) throw new Error('a transaction without steps');
    const connection = step.to === 'coordinator' ? this.#coordinator : this.#services;
    connection?.ask(step.request(gid), (head, body) => {
      if (head.startsWith('HTTP/1.1 429')) {
        this.#refused();
        setTimeout(() => this.#step(index, gid, answered), againMs);
        return;
      }
      check(step, head, body);
      const isLast = index === this.#steps.length - 1;
      if (isLast || index === 0) answered(isLast);
      if (!isLast) this.#step(index + 1, gid, answered);
    });
  }
}

/** Figures of a load that is refused mean nothing. */
function check({ to, takes = isSuccess }: Step, head: string, body: string): void {
  if (takes(head, body)) return;
  throw new Error(`a request to the ${to} was answered with ${head.slice(0, head.indexOf('\r\n'))} ${body}`);
}
