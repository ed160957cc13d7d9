import { Counter, Gauge, type Registry } from 'prom-client';
import type { Counts } from '../store/store.ts';

export interface ScrapeSettings {
  /** Of this program, without a leading v. */
  readonly version: string;
  /** The name of this coordinator. */
  readonly coordinator: string;
  /** How long a scrape waits for the store's counts; without them it goes on. */
  readonly countsTimeoutMs: number;
}

/** What a scrape asks. All but the store's counts is in memory. */
export interface ScrapeSources {
  /** The store's counts at that time. */
  counts(nowMs: number): Promise<Counts>;
  /** Engine time. */
  nowMs(): number;
  clock(): ClockTimes;
  /** What this node drives. */
  active(): { readonly count: number; readonly bytes: number };
  destinations(): DestinationTotals;
}

/** The part of the clock's state that is shown. */
export interface ClockTimes {
  readonly nowMs: number;
  readonly wallMs: number;
  readonly held: object | undefined;
}

export type Breaker = 'closed' | 'open' | 'half-open';

/** The part of the destinations' state that is shown: totals, since origins come and go with what clients ask for. */
export interface DestinationTotals {
  readonly inFlight: number;
  readonly refused: number;
  readonly origins: readonly {
    readonly waiting: number;
    readonly breaker: Breaker;
    readonly routes: readonly { readonly breaker: Breaker }[];
  }[];
}

/** Gauges that are asked for at each scrape. */
export class Scrape {
  readonly #timeoutMs: number;
  #sources: ScrapeSources | undefined;
  /** A count that has not come back yet: no second one is asked for. */
  #counting: Promise<Counts | undefined> | undefined;
  readonly #gauges: ReturnType<typeof gauges>;
  readonly #failures: Counter;
  readonly #refused: Counter;
  #refusedBefore = 0;

  constructor(registry: Registry, { version, coordinator, countsTimeoutMs }: ScrapeSettings) {
    this.#timeoutMs = countsTimeoutMs;
    this.#gauges = gauges(registry);
    this.#gauges.info.set({ version, node: process.version, coordinator }, 1);
    this.#failures = new Counter({
      name: 'holdfast_counts_failed_total',
      help: 'Scrapes without the counts of the store, which failed or took too long.',
      registers: [registry],
    });
    this.#refused = new Counter({
      name: 'holdfast_destinations_refused_total',
      help: 'Branch calls that were not made: no room, or a breaker open.',
      registers: [registry],
    });
  }

  watch(sources: ScrapeSources): void {
    this.#sources = sources;
  }

  /** Never rejects: what cannot be had is left out, and counted. */
  async collect(): Promise<void> {
    const sources = this.#sources;
    if (sources === undefined) return;
    const { count, bytes } = sources.active();
    this.#gauges.active.set(count);
    this.#gauges.activeBytes.set(bytes);
    this.#showDestinations(sources.destinations());
    const clock = sources.clock();
    this.#gauges.clockAhead.set((clock.wallMs - clock.nowMs) / 1000);
    this.#gauges.clockHeld.set(clock.held === undefined ? 0 : 1);
    const nowMs = sources.nowMs();
    const counts = await this.#counts(sources, nowMs);
    if (counts === undefined) this.#failures.inc();
    this.#showCounts(counts, sources, nowMs);
  }

  /** Undefined: it failed, or has not come in time. One that is late is waited for by the next scrape. */
  async #counts(sources: ScrapeSources, nowMs: number): Promise<Counts | undefined> {
    this.#counting ??= this.#ask(sources, nowMs);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.#timeoutMs);
    });
    const counts = await Promise.race([this.#counting, late]);
    clearTimeout(timer);
    return counts;
  }

  async #ask(sources: ScrapeSources, nowMs: number): Promise<Counts | undefined> {
    try {
      return await sources.counts(nowMs);
    } catch {
      // The failure is counted; why the store cannot be read is told by whoever needs it.
      return undefined;
    } finally {
      this.#counting = undefined;
    }
  }

  /** Old counts are not shown as if they were new. */
  #showCounts(counts: Counts | undefined, sources: ScrapeSources, nowMs: number): void {
    const { unfinished, incidents, due, oldestDue } = this.#gauges;
    unfinished.reset();
    incidents.reset();
    for (const gauge of [due, oldestDue]) gauge.remove();
    if (counts === undefined) return;
    for (const [status, count] of Object.entries(counts.unfinished)) unfinished.set({ status }, count);
    const clocks = sources.clock().held === undefined ? 0 : 1;
    incidents.set({ kind: 'decision' }, counts.decisions + clocks);
    incidents.set({ kind: 'failing' }, counts.incidents - counts.decisions);
    due.set(counts.due);
    oldestDue.set(counts.oldestDueMs === undefined ? 0 : Math.max(0, nowMs - counts.oldestDueMs) / 1000);
  }

  #showDestinations({ inFlight, refused, origins }: DestinationTotals): void {
    let waiting = 0;
    const breakers = { origin: { open: 0, 'half-open': 0 }, route: { open: 0, 'half-open': 0 } };
    for (const origin of origins) {
      waiting += origin.waiting;
      if (origin.breaker !== 'closed') breakers.origin[origin.breaker] += 1;
      for (const { breaker } of origin.routes) if (breaker !== 'closed') breakers.route[breaker] += 1;
    }
    this.#gauges.inFlight.set(inFlight);
    this.#gauges.waiting.set(waiting);
    this.#refused.inc(Math.max(0, refused - this.#refusedBefore));
    this.#refusedBefore = refused;
    for (const kind of ['origin', 'route'] as const) {
      for (const state of ['open', 'half-open'] as const)
        this.#gauges.breakers.set({ of: kind, state }, breakers[kind][state]);
    }
  }
}

function gauges(registry: Registry) {
  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name, help, labelNames, registers: [registry] });
  return {
    info: gauge('holdfast_info', 'Always 1.', 'version', 'node', 'coordinator'),
    active: gauge('holdfast_active_transactions', 'Transactions this node drives now.'),
    activeBytes: gauge('holdfast_active_bytes', 'Bytes of the transactions this node drives now.'),
    unfinished: gauge('holdfast_unfinished_transactions', 'Transactions stored and not final, by status.', 'status'),
    incidents: gauge(
      'holdfast_incidents',
      'Transactions that wait for a decision, or fail again and again; and the clock while a jump of it is not accepted.',
      'kind',
    ),
    clockAhead: gauge('holdfast_clock_ahead_seconds', 'How far the clock of the machine is ahead of engine time.'),
    clockHeld: gauge('holdfast_clock_held', '1 while time does not follow a clock that has jumped.'),
    due: gauge('holdfast_due_transactions', 'Transactions due now that nobody drives: the backlog.'),
    oldestDue: gauge('holdfast_oldest_due_seconds', 'How long the oldest of the backlog has been due.'),
    inFlight: gauge('holdfast_destinations_in_flight', 'Branch calls out now.'),
    waiting: gauge('holdfast_destinations_waiting', 'Branch calls that wait for a slot.'),
    breakers: gauge(
      'holdfast_destinations_breakers',
      'Breakers that are not closed, by what they cover.',
      'of',
      'state',
    ),
  };
}
