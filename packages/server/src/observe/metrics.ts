import {
  type IncidentKind,
  type Outcome,
  operationAt,
  queryOperation,
  type Status,
  type Transaction,
} from '@holdfast/core';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Transport } from '../transport/observer.ts';
import { PlainMetrics } from './plain-metrics.ts';
import { Scrape, type ScrapeSettings, type ScrapeSources } from './scrape.ts';
import type { StoreOperation } from './timed-store.ts';
import type { Posted } from './webhook.ts';

/** How often the delay of the event loop is sampled. */
const loopSampleMs = 20;
const batchRows = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const commitSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/**
 * Every metric. Names that begin with `dtm_` are dtm's, without the labels that have no bound
 * (`branchid`, the query string in `api`). What is counted all the time is plain numbers; what is asked for at a scrape
 * is left to prom-client.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #scrape: Scrape;
  readonly #plain = new PlainMetrics();

  readonly #requests = this.#plain.counter(
    'dtm_server_process_total',
    'Requests answered; fail: any answer but success.',
    ['type', 'api', 'status'],
  );
  readonly #requestSeconds = this.#plain.histogram(
    'dtm_server_response_duration',
    'Seconds from a request to its answer.',
    ['type', 'api'],
  );
  readonly #ended = this.#plain.counter(
    'dtm_transaction_process_total',
    'Transactions that ended; fail: rolled back.',
    ['model', 'status'],
  );
  readonly #endedSeconds = this.#plain.histogram(
    'dtm_transaction_handled_duration',
    'Seconds from creation to the end.',
    ['model'],
  );
  readonly #calls = this.#plain.counter('dtm_branch_process_total', 'Branch calls; fail: any answer but success.', [
    'model',
    'branchtype',
    'status',
  ]);
  readonly #callSeconds = this.#plain.histogram(
    'holdfast_branch_call_duration_seconds',
    'Seconds a branch call took, by its outcome.',
    ['type', 'op', 'outcome'],
  );
  readonly #created = this.#plain.counter('holdfast_transactions_created_total', 'Transactions created, durably.', [
    'type',
    'status',
  ]);
  readonly #moves = this.#plain.counter('holdfast_transactions_moved_total', 'Durable moves of a status.', [
    'type',
    'from',
    'to',
  ]);
  readonly #withoutSteps = this.#plain.counter(
    'holdfast_submitted_without_steps_total',
    'Sagas and messages that were submitted without steps.',
    ['type'],
  );
  readonly #incidents = this.#plain.counter(
    'holdfast_incidents_raised_total',
    'Transactions that began to wait for a decision, or to fail again and again.',
    ['type', 'kind', 'incident'],
  );
  readonly #decisions = this.#plain.counter(
    'holdfast_operator_decisions_total',
    'Rollbacks and stops that operators decided on.',
    ['type', 'decision'],
  );
  readonly #alerts = this.#plain.counter(
    'holdfast_alerts_total',
    'Tries to tell the alert webhook, by what became of them.',
    ['result'],
  );
  readonly #batchRows = this.#plain
    .histogram('holdfast_journal_batch_rows', 'Writes in one commit.', [], batchRows)
    .of();
  readonly #commitSeconds = this.#plain
    .histogram('holdfast_journal_commit_duration_seconds', 'Seconds one commit took.', [], commitSeconds)
    .of();
  readonly #storeSeconds = this.#plain.histogram(
    'holdfast_store_duration_seconds',
    'Seconds an operation of the store took.',
    ['operation', 'result'],
    commitSeconds,
  );
  readonly #unknownFields = this.#plain.counter(
    'holdfast_unknown_fields_total',
    'Requests with fields that mean nothing, perhaps misspelt.',
    ['type', 'api'],
  );
  readonly #shortages = this.#plain.counter(
    'holdfast_local_shortages_total',
    'Calls and look-ups that this machine had too little for.',
    ['code'],
  );
  readonly #ignoredFields = this.#plain.counter(
    'holdfast_ignored_fields_total',
    'Requests for a stored gid with other steps, payloads or options than are stored, which were ignored.',
    ['type'],
  );
  readonly #warnings = this.#plain.counter('holdfast_warnings_total', 'Warnings logged.').of();

  constructor(settings: ScrapeSettings) {
    this.#scrape = new Scrape(this.#registry, settings);
  }

  /** From now on the process itself is measured, for as long as it lives: memory, processor time, the event loop. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: loopSampleMs });
  }

  /** From now on each scrape also asks these. */
  watch(sources: ScrapeSources): void {
    this.#scrape.watch(sources);
  }

  /** A total that somebody else keeps; it is asked for at each scrape. */
  total(name: string, help: string, read: () => number): void {
    const registers = [this.#registry];
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** A value that somebody else keeps; it is asked for at each scrape. */
  level(name: string, help: string, read: () => number): void {
    const registers = [this.#registry];
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }

  /** Values with one label each that somebody else keeps; they are asked for at each scrape. */
  levels(name: string, help: string, label: string, read: () => readonly (readonly [string, number])[]): void {
    const registers = [this.#registry];
    new Gauge({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [key, value] of read()) this.set({ [label]: key }, value);
      },
    });
  }

  /** Everything in the text format of Prometheus. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    await this.#scrape.collect();
    return {
      contentType: this.#registry.contentType,
      text: `${this.#plain.text()}\n${await this.#registry.metrics()}`,
    };
  }

  /** To be called once for each route of dtm's API. */
  route(transport: Transport, api: string): (isFine: boolean, durationMs: number) => void {
    const ok = this.#requests.of(transport, api, 'ok');
    const fail = this.#requests.of(transport, api, 'fail');
    const seconds = this.#requestSeconds.of(transport, api);
    return (isFine, durationMs) => {
      (isFine ? ok : fail).value += 1;
      seconds.observe(durationMs / 1000);
    };
  }

  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void {
    const { type } = transaction.definition;
    const op = opOf(transaction, operation);
    this.#calls.of(type, op, outcome.kind === 'success' ? 'ok' : 'fail').value += 1;
    this.#callSeconds.of(type, op, outcome.kind).observe(durationMs / 1000);
  }

  created({ definition, progress }: Transaction): void {
    this.#created.of(definition.type, progress.status).value += 1;
  }

  submittedWithoutSteps(type: string): void {
    this.#withoutSteps.of(type).value += 1;
  }

  moved({ definition, progress }: Transaction, from: Status): void {
    const { status, finishedMs } = progress;
    this.#moves.of(definition.type, from, status).value += 1;
    if (status !== 'succeed' && status !== 'failed') return;
    this.#ended.of(definition.type, status === 'succeed' ? 'ok' : 'fail').value += 1;
    this.#endedSeconds.of(definition.type).observe(Math.max(0, finishedMs - definition.createdMs) / 1000);
  }

  /** @param name the incident without what it is about */
  incident(type: string, kind: IncidentKind, name: string): void {
    this.#incidents.of(type, kind, name).value += 1;
  }

  decided(type: string, decision: string): void {
    this.#decisions.of(type, decision).value += 1;
  }

  alerted(result: Posted['kind']): void {
    this.#alerts.of(result).value += 1;
  }

  journalCommitted(rows: number, durationMs: number): void {
    this.#batchRows.observe(rows);
    this.#commitSeconds.observe(durationMs / 1000);
  }

  storeOperated(operation: StoreOperation, isDone: boolean, durationMs: number): void {
    this.#storeSeconds.of(operation, isDone ? 'ok' : 'fail').observe(durationMs / 1000);
  }

  unknownFields(transport: Transport, api: string): void {
    this.#unknownFields.of(transport, api).value += 1;
  }

  ignoredFields(type: string): void {
    this.#ignoredFields.of(type).value += 1;
  }

  ranShort(code: string): void {
    this.#shortages.of(code).value += 1;
  }

  warned(): void {
    this.#warnings.value += 1;
  }
}

/** The operation's name; `msg` for the question whether a message's local transaction committed, `callback` of a workflow. */
export function opOf({ definition, branches }: Transaction, operation: number): string {
  if (operation === queryOperation) return definition.type === 'workflow' ? 'callback' : 'msg';
  return operationAt(definition, branches, operation)?.op ?? 'unknown';
}
