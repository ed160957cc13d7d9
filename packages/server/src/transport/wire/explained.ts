import {
  type ExplainedAttempt,
  type ExplainedCall,
  type ExplainedOperation,
  type Explanation,
  explainOperation,
  type Foreseen,
  HoldfastError,
  incidentKind,
  isFinal,
  type OperationState,
  operationsOf,
  stateOf,
  type Transaction,
  withoutUserinfo,
} from '@holdfast/core';
import { timeText } from './encode.ts';
import type {
  ExplainedDestination,
  ExplainedHold,
  ExplainedPlace,
  ExplainedTransaction,
  RolledBackTransaction,
  ShownNode,
  ShownTransaction,
} from './stored.ts';
import { meantBy } from './unknown.ts';

/**
 * A transaction for operators and programs, the shape of `/api/v1`: camel case, times as RFC 3339 or null, durations in
 * milliseconds. Payloads, header values, and users and
 * passwords of URLs are never in it.
 */
export function encodeExplained(shown: ExplainedTransaction): object {
  const { transaction, explanation, stored, isDrivenHere, onAbort, onRollback, onTimeout } = shown;
  const { definition } = transaction;
  const { options } = definition;
  return {
    ...encodeSummary({ ...stored, progress: transaction.progress }),
    isDrivenHere,
    ownerName: shown.ownerName ?? null,
    protocol: definition.protocol,
    queryPrepared: withoutUserinfo(definition.queryPrepared),
    customData: definition.customData,
    options: { ...options, branchHeaders: Object.keys(options.branchHeaders) },
    ignoredFields: explanation.ignoredFields,
    unknownFields: (definition.unknownFields ?? []).map((name) => ({ name, didYouMean: meantBy(name) ?? null })),
    operatorDecisions: explanation.operatorDecisions.map(({ kind, atMs, status, reason }) => {
      return { kind, at: timeOf(atMs), status, reason };
    }),
    untold: explanation.untold.map(operationOf),
    branches: branchesOf(transaction, explanation),
    attempts: explanation.attempts.map(attemptOf),
    attemptsDropped: explanation.droppedAttempts,
    inFlight: explanation.inFlight.map(callOf),
    heldBack: shown.heldBack.map(heldBackOf),
    next: nextOf(explanation),
    onAbort: askableOf(transaction, onAbort),
    onRollback: askableOf(transaction, onRollback),
    onTimeout: onTimeout === undefined ? null : { at: timeOf(onTimeout.atMs), ...foreseenOf(transaction, onTimeout) },
    now: timeOf(shown.nowMs),
  };
}

function attemptOf({ atMs, durationMs, outcome, reason, note = '', ...operation }: ExplainedAttempt): object {
  return { ...operationOf(operation), at: timeOf(atMs), durationMs, outcome, reason, note };
}

function callOf({ askedMs, sentMs, untilMs, ...operation }: ExplainedCall): object {
  const times = { askedAt: timeOf(askedMs), sentAt: timeOrNull(sentMs), until: timeOrNull(untilMs) };
  return { ...operationOf(operation), ...times };
}

function heldBackOf({ kind, destination, sinceMs, probeMs, callsOut, longest }: ExplainedHold): object {
  const times = { since: timeOf(sinceMs), probeAt: timeOrNull(probeMs) };
  return { kind, destination: withoutUserinfo(destination), ...times, callsOut, longest: longest.map(placeOf) };
}

function placeOf({ gid, branchId, op, sinceMs, untilMs }: ExplainedPlace): object {
  return { gid, branchId, op, since: timeOf(sinceMs), until: timeOf(untilMs) };
}

export function encodeDestination({ origin, probeMs, longest, ...counts }: ExplainedDestination): object {
  return { origin: withoutUserinfo(origin), ...counts, probeAt: timeOrNull(probeMs), longest: longest.map(placeOf) };
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : timeOf(ms);
}

/** What comes of a rollback. */
export function encodeRolledBack(rolledBack: RolledBackTransaction): object {
  const { transaction, isDrivenHere, waitsFor, doesNotWaitFor, compensatesFromMs } = rolledBack;
  const { definition, progress } = transaction;
  return {
    gid: definition.gid,
    status: progress.status,
    reason: progress.reason,
    isDrivenHere,
    waitsFor: waitsFor.map(callOf),
    doesNotWaitFor: doesNotWaitFor.map(callOf),
    compensatesFrom: timeOrNull(compensatesFromMs),
  };
}

/** One line of a list. */
export function encodeSummary({ definition, progress, owner }: ShownTransaction): object {
  const { status, reason, incident, result } = progress;
  return {
    gid: definition.gid,
    type: definition.type,
    status,
    reason,
    ...(result === undefined ? {} : { result }),
    incident,
    incidentKind: incidentKind(incident) ?? null,
    createdAt: timeOf(definition.createdMs),
    updatedAt: timeOf(progress.updatedMs),
    finishedAt: isFinal(status) ? timeOf(progress.finishedMs) : null,
    dueAt: isFinal(status) ? null : timeOf(progress.dueMs),
    retryIntervalMs: progress.intervalMs,
    attemptCount: progress.attemptCount,
    owner,
  };
}

/** What only ends by a success is stored as not called until then: its attempts tell that it was. */
function branchesOf(transaction: Transaction, { attempts, inFlight }: Explanation): object[] {
  const sent = inFlight.filter(({ sentMs }) => sentMs !== undefined);
  const called = new Set([...attempts, ...sent].map(({ operation }) => operation));
  return operationsOf(transaction).map(({ payload, state, ...operation }, index) => {
    const known = state ?? stateOf(transaction.progress, index);
    const status = statusWords[known === 'p' && called.has(index) ? 'm' : known];
    return { ...operationOf(operation), status, payloadBytes: Buffer.byteLength(payload) };
  });
}

const statusWords: Readonly<Record<OperationState, string>> = {
  p: 'not called',
  m: 'may have run',
  s: 'succeeded',
  f: 'failed',
};

function nextOf({ next, calls, nextAtMs, rule, sentence, trouble, sooner }: Explanation): object {
  return {
    what: next.kind === 'rest' ? 'nothing' : next.kind,
    ...(next.kind === 'move' && { to: next.to }),
    at: Number.isFinite(nextAtMs) ? timeOf(nextAtMs) : null,
    calls: calls.map(operationOf),
    rule,
    because: sentence,
    lastFailure: trouble === undefined ? null : attemptOf(trouble),
    sooner: sooner ?? null,
  };
}

function askableOf(transaction: Transaction, foreseen: Foreseen | HoldfastError): object {
  if (foreseen instanceof HoldfastError) return { isAllowed: false, message: foreseen.message };
  return { isAllowed: true, ...foreseenOf(transaction, foreseen) };
}

/** Its URL as it is defined, but for user and password. */
function operationOf({ branchId, op, url }: Pick<ExplainedOperation, 'branchId' | 'op' | 'url'>) {
  return { branchId, op, url: withoutUserinfo(url) };
}

/** If every call succeeds. */
function foreseenOf(transaction: Transaction, { status, reason, calls, hasMoreCalls }: Foreseen): object {
  const named = calls.map((operation) => operationOf(explainOperation(transaction, operation)));
  return { status, reason, calls: named, hasMoreCalls };
}

function timeOf(ms: number): string | null {
  return timeText(ms) ?? null;
}

export function encodeNode({ startedMs, heardMs, ...node }: ShownNode): object {
  return { ...node, startedAt: timeOf(startedMs), heardAt: timeOf(heardMs) };
}
