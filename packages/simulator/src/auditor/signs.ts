import type { Cause, Row } from '../store/row.ts';
import type { Case } from './case.ts';
import { accuse, type Court } from './court.ts';

const defaultIntervalMs = 10_000;
/** Timers are a little late, clocks a little fast or slow, and a sign of life is durable a little after it is dated. */
const inexactMs = 500;
/** A callback that is due has gone out by then. */
const patienceMs = 7000;
/** Engine time may be this much ahead of the true one: an embedded store has only the machine's wall clock, which jumps. */
const exclusiveErrorMs = 120_000;

/**
 * P7 of workflows: a callback comes one interval after the last sign of life, not before and not much later. By time it
 * is judged only where coordinators and store have no trouble of their own.
 */
export class Signs {
  readonly #court: Court;

  constructor(court: Court) {
    this.#court = court;
  }

  /** Its row has changed: what its client did is a sign of life, and where nobody drives it puts the callback off. */
  changed(found: Case, before: Row | undefined, after: Row, cause: Cause): void {
    const isSign = cause.kind === 'create' || cause.kind === 'append' || isByClient(before, after, cause);
    if (!isSign || after.progress.status !== 'prepared' || after.owner !== null) return;
    this.#judgeDueTime(found, after);
    this.#heard(found);
  }

  /** Its client was answered that it may go on: that counts as well. */
  acknowledged(found: Case): void {
    if (found.row?.progress.status === 'prepared' && found.row.owner === null) this.#heard(found);
  }

  /** A callback has ended: it is heard of. */
  calledBack(found: Case): void {
    this.#heard(found);
  }

  /** A callback leaves. */
  judgeCallback(found: Case): void {
    const { signMs, wasWoken, gid } = found;
    if (!this.#court.isCalm || wasWoken || signMs === undefined) return;
    const silentMs = this.#court.nowMs() - signMs;
    if (silentMs >= intervalOf(found) - inexactMs) return;
    accuse(this.#court, 'P7', gid, `it was called back ${Math.round(silentMs)} ms after its last sign of life`);
  }

  #judgeDueTime(found: Case, { progress }: Row): void {
    const { database, isExclusive, serverErrorMs } = this.#court;
    const errorMs = isExclusive ? exclusiveErrorMs : serverErrorMs;
    const limitMs = database.clockMs() + errorMs + intervalOf(found);
    if (progress.dueMs <= limitMs) return;
    accuse(
      this.#court,
      'P7',
      found.gid,
      `its callback is due ${progress.dueMs - limitMs} ms too late after a sign of life`,
    );
  }

  #heard(found: Case): void {
    const signMs = this.#court.nowMs();
    const { activity } = found;
    found.signMs = signMs;
    if (!this.#court.isTimed) return;
    this.#court.later(intervalOf(found) + patienceMs, () => {
      // A callback that went wrong is repeated by back-off, which the due time of its row is judged by.
      const isOver = found.signMs !== signMs || found.activity > activity || found.isFinal || isBackingOff(found);
      // Whoever drives it may have to wait for a slot.
      if (!isOver && found.row?.owner === null)
        accuse(this.#court, 'P7', found.gid, 'nothing was heard of it, and it was not called back');
    });
  }
}

/** Nothing but the time of the next callback changed, as whoever drives it must be able to bear. */
export function isSignOfLife(before: Row, after: Row): boolean {
  if (before.definition.type !== 'workflow') return false;
  const kept = ({ progress: { dueMs: _, intervalMs: __, updatedMs: ___, ...rest } }: Row) => JSON.stringify(rest);
  return kept(before) === kept(after);
}

function isByClient(before: Row | undefined, after: Row, cause: Cause): boolean {
  return cause.kind === 'update' && before?.owner === null && isSignOfLife(before, after);
}

function isBackingOff({ operations }: Case): boolean {
  return [...operations.values()].some(({ errors, failures }) => errors + failures > 0);
}

function intervalOf({ asked }: Case): number {
  return asked.options.retryIntervalMs || defaultIntervalMs;
}
