import {
  type CallsOut,
  type Explanation,
  explain,
  type Foreseen,
  foreseeAbort,
  foreseeRollback,
  foreseeTimeout,
  type HoldfastError,
  type Transaction,
} from '@holdfast/core';
import type { StoredTransaction } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import { explainedPlace } from './destinations.ts';
import type { DestinationView, HeldBack } from './ports.ts';

/** Why calls do not go out now. Times are engine time. */
export interface ExplainedHold extends Omit<HeldBack, 'sinceMs' | 'probeMs'> {
  readonly sinceMs: number;
  readonly probeMs: number | undefined;
}

/** All that an operator can be told of one transaction. Times are engine time. */
export interface Explained {
  readonly stored: StoredTransaction;
  /** As it is known, which may be more than what is stored: with answers that are not written yet. */
  readonly transaction: Transaction;
  readonly explanation: Explanation;
  /** Destinations of its calls where nothing goes out now. */
  readonly heldBack: readonly ExplainedHold[];
  /** This node drives it now. */
  readonly isDrivenHere: boolean;
  /** The name of the coordinator that owns it; undefined: nobody does, or nothing is known of who does. */
  readonly ownerName?: string | undefined;
  /** What an abort now would do, or why it would be refused. */
  readonly onAbort: Foreseen | HoldfastError;
  /** What a rollback now would do, or why it would be refused. */
  readonly onRollback: Foreseen | HoldfastError;
  /** What its time-out would do; undefined where it has none. */
  readonly onTimeout: Foreseen | undefined;
  readonly nowMs: number;
}

/** What its driver here knows. */
export interface Known {
  readonly transaction: Transaction;
  readonly inFlight: CallsOut;
}

export interface ExplainedBy {
  readonly clock: EngineClock;
  /** Absent: nothing is known of them. */
  readonly destinations: DestinationView | undefined;
}

/** So many calls are looked at: what holds back a saga of ten thousand steps is seen by the first of them. */
const lookedAt = 100;

/** Of the calls that wait for their turn, and of those that come next: each destination once. */
function heldBack(
  { inFlight, calls, next }: Explanation,
  timeoutMs: number,
  clock: EngineClock,
  destinations: DestinationView,
): readonly ExplainedHold[] {
  const waiting = inFlight.filter(({ sentMs }) => sentMs === undefined);
  const toCome = next.kind === 'call' ? calls.map((call) => ({ ...call, askedMs: clock.nowMs() })) : [];
  const found = new Map<string, ExplainedHold>();
  for (const { url, askedMs } of [...waiting, ...toCome].slice(0, lookedAt)) {
    const held = url === '' ? undefined : destinations.heldBack(url, timeoutMs);
    // A place may be free again until it is due: only who waits now waits for one.
    if (held === undefined || (held.kind === 'slot' && waiting.length === 0) || found.has(held.destination)) continue;
    const { sinceMs, probeMs, longest } = held;
    found.set(held.destination, {
      ...held,
      sinceMs: sinceMs === undefined ? askedMs : clock.fromMonotonic(sinceMs),
      probeMs: probeMs === undefined ? undefined : clock.fromMonotonic(probeMs),
      longest: longest.map((place) => explainedPlace(place, clock)),
    });
  }
  return [...found.values()];
}

/** @param known undefined where nobody drives it here */
export function explained(
  stored: StoredTransaction,
  restored: Transaction,
  known: Known | undefined,
  { clock, destinations }: ExplainedBy,
): Explained {
  const nowMs = clock.nowMs();
  // A driver of a workflow, or of what is prepared, does not know what was registered meanwhile.
  const driven = known?.transaction ?? restored;
  // A driver does not know of an incident that says why its progress cannot be stored.
  const incident = driven.progress.incident || stored.progress.incident;
  const transaction = { ...driven, branches: stored.branches, progress: { ...driven.progress, incident } };
  const explanation = explain(transaction, known?.inFlight, nowMs);
  return {
    stored,
    transaction,
    explanation,
    heldBack:
      destinations === undefined ? [] : heldBack(explanation, transaction.plan.requestTimeoutMs, clock, destinations),
    isDrivenHere: known !== undefined,
    onAbort: foreseeAbort(transaction, nowMs),
    onRollback: foreseeRollback(transaction, nowMs),
    onTimeout: foreseeTimeout(transaction, nowMs),
    nowMs,
  };
}
