import type { Queried } from './auditor.ts';
import { Client, type Note } from './client.ts';
import type { Asking } from './http.ts';
import type { Participant } from './participant.ts';
import type { Random } from './random.ts';
import { randomScenario } from './scenario.ts';

/** A door that clients wait at while the coordinator is away. */
export class Gate {
  #isOpen = false;
  #waiting: (() => void)[] = [];

  open(): void {
    this.#isOpen = true;
    for (const pass of this.#waiting.splice(0)) pass();
  }

  close(): void {
    this.#isOpen = false;
  }

  readonly pass = (): Promise<void> =>
    this.#isOpen ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
}

export interface LoadParts {
  readonly http: Asking;
  readonly participant: Participant;
  readonly random: Random;
  /** Each runs one transaction after the other. */
  readonly clients: number;
  readonly gidPrefix: string;
  /** Of calls; default: 2. */
  readonly requestTimeoutSeconds?: number;
}

/** Clients under way: runs random transactions until told to stop, and keeps what each client knows. */
export class Load {
  readonly gate = new Gate();
  readonly notes: Note[] = [];
  readonly client: Client;
  /** Final statuses that were seen to change, and other things no client should see. */
  readonly defects: string[] = [];
  readonly #parts: LoadParts;
  readonly #seenFinal = new Map<string, string>();
  #workers: Promise<void>[] = [];
  #started = 0;
  #stopping = false;

  constructor(parts: LoadParts) {
    this.#parts = parts;
    const { http, participant, random, requestTimeoutSeconds } = parts;
    this.client = new Client(http, participant, random, this.gate.pass, requestTimeoutSeconds);
    parts.participant.onCallback = (gid) => this.client.callback(gid);
  }

  start(): void {
    this.#workers = Array.from({ length: this.#parts.clients }, () => this.#work());
  }

  /** Lets every client end what it is at. The gate must be open. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
  }

  /** Lets every client fail and leave: something else went wrong, and the coordinator is no more. */
  async abandon(): Promise<void> {
    this.gate.open();
    await this.stop();
  }

  async query(gid: string): Promise<Queried> {
    const before = this.#seenFinal.get(gid);
    const { status, text } = await this.#parts.http.get(`/api/dtmsvr/query?gid=${gid}`);
    if (status !== 200) throw new Error(`query was answered ${status} ${text}`);
    const queried: Queried = JSON.parse(text);
    const now = queried.transaction?.status;
    if (before !== undefined && now !== before) this.defects.push(`${gid}: was ${before}, is ${now}`);
    if (now === 'succeed' || now === 'failed') this.#seenFinal.set(gid, now);
    return queried;
  }

  /** It was seen to be final. */
  hasEnded(gid: string): boolean {
    return this.#seenFinal.has(gid);
  }

  async #work(): Promise<void> {
    const { random, gidPrefix } = this.#parts;
    while (!this.#stopping) {
      this.#started += 1;
      const scenario = randomScenario(random, `${gidPrefix}${this.#started}`);
      this.notes.push(await this.client.run(scenario));
      if (random.chance(0.3)) await this.#lookBack();
    }
  }

  /** Queries some earlier transaction: what was final must be so still. */
  async #lookBack(): Promise<void> {
    const note = this.notes[this.#parts.random.whole(0, this.notes.length - 1)];
    if (note === undefined) return;
    try {
      await this.query(note.scenario.gid);
    } catch {
      // The coordinator was killed meanwhile; there are other looks.
    }
  }
}
