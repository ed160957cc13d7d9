import {
  type IncidentKind,
  incidentKind,
  type OperatorDecision,
  type Outcome,
  type Status,
  shownUrl,
  type Transaction,
} from '@holdfast/core';
import type { DestinationEvents } from '../caller/destinations/destination-caller.ts';
import type { EngineEvents } from '../engine/engine-parts.ts';
import type { UnreadableRow } from '../store/store.ts';
import type { CertificateEvents, Expiring } from '../tls/certificate-watch.ts';
import type { RequestObserver, Transport } from '../transport/observer.ts';
import { unknownText } from '../transport/wire/unknown.ts';
import type { Alert } from './alert.ts';
import type { Log } from './log.ts';
import { type Metrics, opOf } from './metrics.ts';
import { Shortages } from './shortages.ts';
import type { Posted } from './webhook.ts';

/** Clients are few; who sends ever other names does not fill the log, nor the memory. */
const mostShapes = 1000;

export interface ObserverParts {
  readonly metrics: Metrics;
  readonly log: Log;
  /** Somebody is owed an alert: an incident began, or is another now. */
  alert?(): void;
  /** The process must end: nothing can be written or acknowledged any more. */
  fatal(error: unknown): void;
}

/**
 * Hears what the engine and the ports tell, counts it and logs it. What happens all the time is a debug line; what
 * somebody should look at is a warning. Payloads, headers and answers of branches are never logged.
 */
export class Observer implements CertificateEvents, EngineEvents, RequestObserver, DestinationEvents {
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #alert: () => void;
  #isWebhookFailing = false;
  #split: string | undefined;
  /** Unknown fields that were logged, by route and names. */
  readonly #shapes = new Set<string>();
  readonly #fatal: (error: unknown) => void;
  readonly #shortages = new Shortages({
    nowMs: () => performance.now(),
    counted: (code) => this.#metrics.ranShort(code),
    warned: (text, facts) => {
      this.#metrics.warned();
      this.#log.warn(text, facts);
    },
  });

  constructor({ metrics, log, fatal, alert = () => undefined }: ObserverParts) {
    this.#metrics = metrics;
    this.#alert = alert;
    this.#log = log;
    this.#fatal = fatal;
  }

  attempted(transaction: Transaction, operation: number, outcome: Outcome, durationMs: number): void {
    this.#metrics.attempted(transaction, operation, outcome, durationMs);
    if (!this.#log.isDebug) return;
    const { gid } = transaction.definition;
    const facts = { gid, op: opOf(transaction, operation), operation, outcome: outcome.kind };
    this.#log.debug('branch called', { ...facts, ms: rounded(durationMs) });
  }

  /** Hosts of the database take writes that must not be used; undefined: not any more. */
  split(incident: string | undefined): void {
    this.#split = incident;
    if (incident === undefined) {
      this.#log.info('the database is not split any more');
      return;
    }
    this.#metrics.warned();
    this.#log.warn(incident);
  }

  get splitIncident(): string | undefined {
    return this.#split;
  }

  created(transaction: Transaction): void {
    this.#metrics.created(transaction);
    if (transaction.progress.status === 'submitted') this.#tellIfEmpty(transaction);
    if (!this.#log.isDebug) return;
    const { definition, progress } = transaction;
    this.#log.debug('transaction created', { gid: definition.gid, type: definition.type, status: progress.status });
  }

  moved(transaction: Transaction, from: Status): void {
    this.#metrics.moved(transaction, from);
    if (transaction.progress.status === 'submitted') this.#tellIfEmpty(transaction);
    if (!this.#log.isDebug) return;
    const { definition, progress } = transaction;
    this.#log.debug('transaction moved', { gid: definition.gid, type: definition.type, from, to: progress.status });
  }

  /** Most likely two requests share a gid by mistake. */
  ignored({ definition: { gid, type } }: Transaction, fields: readonly string[]): void {
    this.#metrics.ignoredFields(type);
    const facts = { gid, type, fields: fields.join(', ') };
    this.#log.warn('a request for a stored gid differs from what is stored: these fields of it are ignored', facts);
  }

  /** It succeeds and nothing is done: most likely its client has lost its steps. */
  #tellIfEmpty({ definition: { gid, type, steps } }: Transaction): void {
    if ((type !== 'saga' && type !== 'msg') || steps.length > 0) return;
    this.#metrics.submittedWithoutSteps(type);
    this.#log.warn('a transaction without steps was submitted: it succeeds, and no branch is called', { gid, type });
  }

  /** One line for each: who asks later what people have done finds it here too. */
  decided({ definition }: Transaction, { kind, status, reason }: OperatorDecision): void {
    const { gid, type } = definition;
    this.#metrics.decided(type, kind);
    this.#log.info('an operator decided', { gid, type, status, decision: kind, reason });
  }

  /** Alerts speak of the same. */
  incident(transaction: Transaction, former: string): void {
    const { definition, progress } = transaction;
    const { gid, type } = definition;
    const { incident, status, errorRuns = 0 } = progress;
    const kind = incidentKind(incident);
    if (kind === undefined) {
      this.#log.info('an incident of a transaction has ended', { gid, type, status, incident: former });
      return;
    }
    this.#metrics.incident(type, kind, incident.split(':')[0] ?? incident);
    this.#log.warn(texts[kind], { gid, type, status, incident, errorRuns });
    this.#alert();
  }

  unreadable({ gid, type, status, incident }: UnreadableRow, isKnown: boolean): void {
    if (!isKnown) {
      this.#metrics.incident(type, 'decision', 'unreadable');
      this.#log.warn(texts.decision, { gid, type, status, incident });
    }
    this.#alert();
  }

  /** Only the first failure after a success is logged; the metric counts every try. */
  alerted(result: Posted, { gid }: Alert): void {
    this.#metrics.alerted(result.kind);
    const wasFailing = this.#isWebhookFailing;
    this.#isWebhookFailing = result.kind !== 'sent';
    if (result.kind === 'sent') {
      if (wasFailing) this.#log.info('the alert webhook accepts alerts again');
    } else if (!wasFailing) {
      this.#metrics.warned();
      this.#log.warn('the alert webhook does not accept an alert', { gid, reason: result.reason });
    }
  }

  opened(destination: string, reason: string): void {
    this.#log.warn('a destination does not serve: its calls are held back', {
      destination: shownUrl(destination),
      reason,
    });
  }

  closed(destination: string): void {
    this.#log.info('a destination serves again', { destination: shownUrl(destination) });
  }

  journalCommitted(rows: number, durationMs: number): void {
    this.#metrics.journalCommitted(rows, durationMs);
  }

  /** What is short now, for people; undefined: nothing. */
  get shortage(): string | undefined {
    return this.#shortages.current;
  }

  ranShort(code: string): void {
    this.#shortages.noted(code);
  }

  warned(message: string, error: unknown): void {
    this.#metrics.warned();
    this.#log.warn(message, {}, error);
  }

  fatal(error: unknown): void {
    this.#log.error('the store is lost: the process ends', {}, error);
    this.#fatal(error);
  }

  renewed(name: string): void {
    this.#log.info('certificates were renewed', { files: name });
  }

  notRenewed(name: string, problem: string): void {
    this.#metrics.warned();
    this.#log.error('certificates cannot be renewed: the old ones stay in use', {
      files: name,
      problem,
    });
  }

  expiring({ setting, subject, notAfterMs, isOver }: Expiring): void {
    this.#metrics.warned();
    const facts = { setting, subject, notAfter: new Date(notAfterMs).toISOString() };
    this.#log.warn(isOver ? 'a certificate has ended' : 'a certificate ends soon', facts);
  }

  route(transport: Transport, api: string): (isFine: boolean, durationMs: number) => void {
    return this.#metrics.route(transport, api);
  }

  unknownFields(transport: Transport, api: string, names: readonly string[]): void {
    this.#metrics.unknownFields(transport, api);
    const shape = `${transport} ${api} ${[...names].sort().join(',')}`;
    if (this.#shapes.has(shape) || this.#shapes.size >= mostShapes) return;
    this.#shapes.add(shape);
    const isLast = this.#shapes.size === mostShapes;
    const facts = {
      transport,
      api,
      fields: unknownText(names),
      ...(isLast && { note: 'no more of these are logged' }),
    };
    this.#log.warn('a request has fields that Holdfast does not know and ignores', facts);
  }

  answered(method: string, route: string, status: number | string, durationMs: number): void {
    if (!this.#log.isDebug) return;
    this.#log.debug('request', { method, route: route === '' ? undefined : route, status, ms: rounded(durationMs) });
  }

  broke(route: string, error: unknown): void {
    this.#metrics.warned();
    this.#log.error('a request failed because of a defect', { route }, error);
  }
}

const texts: Readonly<Record<IncidentKind, string>> = {
  decision: 'a transaction waits for a decision',
  failing: 'a transaction fails again and again',
};

/** Milliseconds with microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
