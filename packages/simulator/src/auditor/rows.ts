import type { UpdateWrite } from 'holdfast/store/store';
import type { Statistics } from '../kernel/statistics.ts';
import type { Cause, Row } from '../store/row.ts';
import { nameOf } from './answers.ts';
import type { Case } from './case.ts';
import { accuse, type Court, machineOf, processOf } from './court.ts';
import type { Leases } from './leases.ts';
import { isStop, judgeMove, timeoutOf } from './moves.ts';
import { isSignOfLife, type Signs } from './signs.ts';

/** What a node may write of a row that another one drives, without a move. */
function isNews(before: Row, after: Row): boolean {
  return isSignOfLife(before, after) || isDecision(before, after) || isRemark(before, after);
}

/** Nothing but which fields of a later request differed from what is stored. */
function isRemark(before: Row, after: Row): boolean {
  const kept = ({ progress: { ignoredFields: _, updatedMs: __, ...rest } }: Row) => JSON.stringify(rest);
  const told = new Set(after.progress.ignoredFields);
  const wasTold = before.progress.ignoredFields ?? [];
  return kept(before) === kept(after) && told.size > wasTold.length && wasTold.every((field) => told.has(field));
}

/** Nothing but what an operator decided. */
function isDecision(before: Row, after: Row): boolean {
  const kept = ({ progress: { operatorDecisions: _, reason: __, updatedMs: ___, ...rest } }: Row) =>
    JSON.stringify(rest);
  return kept(before) === kept(after) && before.progress.operatorDecisions !== after.progress.operatorDecisions;
}

type Decisions = NonNullable<Row['progress']['operatorDecisions']>;

/** An unfinished row without owner is due at the latest this long after the time of the write. */
const longestSleepMs = 11 * 60_000;
/** Engine time may be this much ahead of the true one: an embedded store has only the machine's wall clock. */
const exclusiveErrorMs = 60_000;

/** Judges every change of a row at the moment it becomes durable: P3, P4, P7, and the end of P5. */
export class RowAuditor {
  readonly #court: Court;
  readonly #statistics: Statistics;

  readonly #leases: Leases;
  readonly #signs: Signs;

  constructor(court: Court, leases: Leases, signs: Signs, statistics: Statistics) {
    this.#court = court;
    this.#leases = leases;
    this.#signs = signs;
    this.#statistics = statistics;
  }

  changed(before: Row | undefined, after: Row | undefined, cause: Cause): void {
    const gid = (after ?? before)?.definition.gid ?? '';
    const found = this.#court.cases.get(gid);
    if (found === undefined) {
      accuse(this.#court, 'P3', gid, 'it is stored and nobody asked for it');
      return;
    }
    if (after === undefined) this.#removed(found);
    else if (before === undefined) this.#created(found, after);
    else this.#replaced(found, before, after, cause);
    found.row = after;
    if (cause.kind === 'make-due') found.wasWoken = true;
    if (found.asked.type === 'workflow' && after !== undefined) this.#signs.changed(found, before, after, cause);
    if (after !== undefined) this.#judgeDueTime(found, after);
  }

  #removed(found: Case): void {
    if (!found.isFinal) accuse(this.#court, 'P1', found.gid, `it was deleted while ${found.status}`);
  }

  #created(found: Case, row: Row): void {
    const { status } = row.progress;
    const isAsked = found.askings.has(status === 'prepared' ? 'prepare' : 'submit');
    if (found.statuses.length > 0) accuse(this.#court, 'P3', found.gid, 'it was created twice');
    if (!isAsked) accuse(this.#court, 'P3', found.gid, `it was created as ${status} and nobody asked for that`);
    found.createdMs = this.#court.nowMs();
    this.#reached(found, row);
  }

  #replaced(found: Case, before: Row, after: Row, cause: Cause): void {
    const from = before.progress.status;
    const to = after.progress.status;
    if (from === 'succeed' || from === 'failed') {
      accuse(this.#court, 'P3', found.gid, `it was ${from} and was written again: ${cause.kind} by ${cause.by}`);
    }
    this.#judgeWriter(found, before, after, cause);
    this.#judgeBranches(found, before, after);
    this.#judgeDefinition(found, before, after);
    if (before.progress.incident === '' && after.progress.incident !== '') this.#statistics.count('incident');
    this.#judgeDecisions(found, before, after, cause);
    if (from === to) return;
    if (before.owner !== null && processOf(before.owner) !== cause.by) this.#changedElsewhere(found, before.owner);
    if (isStop(found, from, after)) {
      this.#statistics.count('stopped by an operator');
      found.wasStopped = true;
    } else judgeMove(this.#court, found, before, after, this.#statistics);
    this.#reached(found, after);
  }

  /** What operators decided stays; and what was acknowledged is done. */
  #judgeDecisions(found: Case, before: Row, after: Row, cause: Cause): void {
    const [known, now] = [before, after].map(({ progress }) => progress.operatorDecisions ?? []) as [
      Decisions,
      Decisions,
    ];
    const isKept = known.every((decision, index) => JSON.stringify(decision) === JSON.stringify(now[index]));
    if (!isKept) accuse(this.#court, 'P1', found.gid, `what an operator decided was lost by ${cause.kind}`);
    for (const { kind } of now.slice(known.length)) {
      const isElsewhere = before.owner !== null && processOf(before.owner) !== cause.by;
      this.#statistics.count(`operator decided: ${kind}${isElsewhere ? ', on another node' : ''}`);
      if (!found.askings.has(kind === 'stop' ? 'stop' : 'rollback')) {
        accuse(this.#court, 'P3', found.gid, `an operator is said to have decided ${kind}, and nobody did`);
      }
    }
    if (after.progress.status === 'succeed' && (found.isRolledBack || now.some(({ kind }) => kind === 'rollback'))) {
      accuse(this.#court, 'P1', found.gid, 'its rollback was durable, and it succeeded');
    }
  }

  #reached(found: Case, { progress, definition }: Row): void {
    const { status } = progress;
    found.statuses.push(status);
    if (status === 'submitted') found.submittedMs = this.#court.nowMs();
    if (status === 'submitted' || status === 'prepared') return;
    if (status === 'aborting') this.#statistics.count(`${definition.type} aborting`);
    else {
      found.finishedMs = this.#court.nowMs();
      this.#statistics.count(`${definition.type} ${status}`);
      const { askings } = found;
      if (askings.has('submit') && askings.has('abort')) this.#statistics.count(`submit and abort raced: ${status}`);
    }
  }

  #changedElsewhere(found: Case, owner: string): void {
    this.#statistics.count('changed under the ownership of another');
    const machines = [...this.#court.machines()];
    found.changedElsewhere = {
      owner,
      monotonicMs: new Map(machines.map(([name, clock]) => [name, clock.monotonicMs()])),
    };
  }

  /** P1: what is registered stays so, as it was. P5: nothing is registered once it is decided. */
  #judgeBranches(found: Case, before: Row, after: Row): void {
    if (before.branches === after.branches) return;
    const lost = before.branches.find((branch, index) => {
      const now = after.branches[index];
      return now === undefined || nameOf(now) !== nameOf(branch);
    });
    if (lost !== undefined) {
      accuse(
        this.#court,
        'P1',
        found.gid,
        `the ${lost.op} of ${lost.branchId} was registered, and was lost or changed`,
      );
    }
    const isDecided = before.progress.status !== 'prepared';
    if (!isDecided || after.branches.length === before.branches.length) return;
    accuse(this.#court, 'P5', found.gid, `a branch was registered when it was ${before.progress.status} already`);
  }

  /** P6: what was asked for stays as it is, but for what a submit may amend. */
  #judgeDefinition(found: Case, before: Row, after: Row): void {
    if (after.definition === before.definition) return;
    const fixed = ({ definition: { options, customData, ...rest } }: Row) => JSON.stringify(rest);
    const isSubmit = before.progress.status === 'prepared' && after.progress.status === 'submitted';
    if (fixed(before) !== fixed(after)) accuse(this.#court, 'P6', found.gid, 'its definition was changed');
    else if (!isSubmit && JSON.stringify(before.definition) !== JSON.stringify(after.definition)) {
      accuse(this.#court, 'P6', found.gid, 'its options were changed by something else than a submit');
    }
  }

  /** P4: whoever writes owns the row, or leaves the owner as it is. */
  #judgeWriter(found: Case, before: Row, after: Row, cause: Cause): void {
    if (cause.kind === 'claim') this.#judgeClaim(found, before, after, cause);
    if (cause.write?.kind === 'update') this.#judgeUpdate(found, before, after, cause.write, cause.by);
    const isRaised = cause.kind === 'claim' || cause.kind === 'update' || cause.kind === 'make-due';
    const expected = before.version + (isRaised ? 1 : 0);
    if (after.version !== expected) {
      accuse(this.#court, 'P4', found.gid, `version ${before.version} became ${after.version} by ${cause.kind}`);
    }
  }

  #judgeClaim(found: Case, before: Row, after: Row, { by }: Cause): void {
    const { owner } = before;
    const isOwn = after.owner !== null && processOf(after.owner) === by;
    if (!isOwn) accuse(this.#court, 'P4', found.gid, `${by} claimed it for ${after.owner}`);
    if (owner === null) return;
    const isOfOwnMachine = machineOf(processOf(owner)) === machineOf(by);
    this.#statistics.count(isOfOwnMachine ? 'taken over after a restart' : 'taken over from another node');
    if (before.progress.status === 'submitted') found.marksMayBeLost = true;
    if (!this.#leases.isDead(owner)) {
      accuse(this.#court, 'P4', found.gid, `${by} claimed it while its owner ${owner} was alive`);
    }
  }

  #judgeUpdate(found: Case, before: Row, after: Row, write: UpdateWrite, by: string): void {
    const { gid } = found;
    if (write.expectOwner !== before.owner || write.expectVersion !== before.version) {
      const held = `${before.owner} held version ${before.version}`;
      accuse(this.#court, 'P4', gid, `${by} wrote it as ${write.expectOwner} at ${write.expectVersion}, but ${held}`);
    }
    const { expectBranches: known = before.branches.length } = write;
    if (known !== before.branches.length) {
      accuse(this.#court, 'P1', gid, `${by} wrote it knowing ${known} of ${before.branches.length} branches`);
    }
    const isTaken = after.owner !== null && after.owner !== before.owner;
    if (isTaken && before.owner !== null) {
      accuse(this.#court, 'P4', gid, `an update by ${by} took it from ${before.owner} for ${after.owner}`);
    }
    if (isTaken && after.owner !== null && processOf(after.owner) !== by) {
      accuse(this.#court, 'P4', gid, `${by} wrote it as owned by ${after.owner}`);
    }
    const isForeign = before.owner !== null && processOf(before.owner) !== by;
    if (isForeign && before.progress.status === after.progress.status && !isNews(before, after)) {
      accuse(this.#court, 'P4', gid, `${by} wrote the progress of a row that ${before.owner} drives`);
    }
  }

  /** P7: due at some time, and not later than the time-out; unless a human is needed, or somebody drives it. */
  #judgeDueTime(found: Case, { progress, definition, owner }: Row): void {
    const { status, dueMs, incident, submittedMs } = progress;
    if (status === 'succeed' || status === 'failed') {
      if (owner !== null) accuse(this.#court, 'P7', found.gid, `it is ${status} and still owned`);
      return;
    }
    const isWorkflow = found.asked.type === 'workflow';
    if (owner !== null || (status === 'prepared' && incident !== '' && !isWorkflow)) return;
    const errorMs = this.#court.isExclusive ? exclusiveErrorMs : this.#court.serverErrorMs;
    const latestNowMs = this.#court.database.clockMs() + errorMs;
    let limitMs = latestNowMs + longestSleepMs;
    if (status === 'prepared' && !isWorkflow) {
      const timeoutAtMs = definition.createdMs + timeoutOf(found);
      if (latestNowMs < timeoutAtMs) limitMs = timeoutAtMs;
    }
    const { timeoutToFailMs } = found.asked.options;
    if (status === 'submitted' && found.asked.type === 'saga' && timeoutToFailMs > 0) {
      limitMs = Math.min(limitMs, Math.max(latestNowMs, submittedMs + timeoutToFailMs));
    }
    if (!(dueMs <= limitMs)) {
      accuse(this.#court, 'P7', found.gid, `${status} and due at ${dueMs}, later than its time-out at ${limitMs}`);
    }
  }
}
