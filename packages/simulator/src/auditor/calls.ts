import type { Outcome, Payload } from '@holdfast/core';
import type { BranchCall } from 'holdfast/engine/ports';
import type { Statistics } from '../kernel/statistics.ts';
import { callbackOf } from '../network/flow.ts';
import type { Case, OperationCase } from './case.ts';
import { accuse, type Court, machineOf, processOf } from './court.ts';
import { CutAuditor } from './cuts.ts';
import type { Leases } from './leases.ts';
import type { Signs } from './signs.ts';

/** A driver looks at its row before a call when its last look is older than this. */
const lookAgeMs = 1000;

/** Timers are a little late, and clocks a little slow. */
const lateAllowedMs = 500;

/** What an operator does not wait for is compensated this long after that was decided. */
const patienceMs = 10_000;
/** Whoever drives it measures by another clock than whoever was asked. */
const clockErrorMs = 5000;

const statusFor: Readonly<Record<string, string>> = {
  compensate: 'aborting',
  cancel: 'aborting',
  rollback: 'aborting',
  confirm: 'submitted',
  commit: 'submitted',
  action: 'submitted',
};

/** A call that has left. */
export interface SentCase {
  /** Told if an answer ever reaches the process. */
  answered(outcome: Outcome): void;
  /** Told once a second of the process's life while it is out. */
  isOut(): void;
}

const notAsked: SentCase = { answered: () => undefined, isOut: () => undefined };

/** Judges every call at the moment it leaves a process: P2, P4, P5, P6; and whether it is cut when it must be: P4, P8. */
export class CallAuditor {
  readonly #court: Court;
  readonly #leases: Leases;
  readonly #signs: Signs;
  readonly #cuts: CutAuditor;
  readonly #statistics: Statistics;

  constructor(court: Court, leases: Leases, signs: Signs, statistics: Statistics) {
    this.#court = court;
    this.#leases = leases;
    this.#signs = signs;
    this.#cuts = new CutAuditor(court, leases);
    this.#statistics = statistics;
  }

  sent(process: string, call: BranchCall): SentCase {
    const found = this.#court.cases.get(call.gid);
    if (found === undefined) {
      accuse(this.#court, 'P6', call.gid, 'a call of a transaction that nobody asked for');
      return notAsked;
    }
    this.#statistics.count(call.type === 'workflow' ? 'called back' : `called ${call.op}`);
    this.#judgeIdentity(found, call);
    if (!this.#hasNotSeenChange(found, process)) {
      this.#judgeWriter(found, process, call);
      this.#judgeDecision(found, call);
    }
    this.#judgeOrder(found, call);
    if (found.asked.type === 'workflow') this.#signs.judgeCallback(found);
    const operation = this.#record(found, call);
    const owner = found.row?.owner ?? process;
    operation.sends += 1;
    found.activity += 1;
    operation.out.set(owner, (operation.out.get(owner) ?? 0) + 1);
    const answered = (outcome: Outcome) => {
      operation.out.set(owner, (operation.out.get(owner) ?? 1) - 1);
      if (outcome.kind === 'success') operation.successes += 1;
      if (outcome.kind === 'failure') operation.failures += 1;
      if (outcome.kind === 'error') operation.errors += 1;
      if (found.asked.type === 'workflow') this.#signs.calledBack(found);
    };
    return { answered, isOut: this.#cuts.watch(found, process, call) };
  }

  /** The same call once more by itself: it must be wanted still, and the service must not have got it the first time. */
  sentAgain(process: string, call: BranchCall, mayHaveRun: boolean): void {
    const found = this.#court.cases.get(call.gid);
    if (found === undefined) return;
    this.#statistics.count('sent again');
    if (!this.#hasNotSeenChange(found, process)) {
      this.#judgeWriter(found, process, call);
      this.#judgeDecision(found, call);
    }
    if (!mayHaveRun) return;
    const name = `${call.op} of branch ${call.branchId}`;
    accuse(this.#court, 'P6', found.gid, `the ${name} was sent again by itself though the service had got it`);
  }

  /** With a retry limit, a call that was kept back uses up a retry. */
  heldBack(call: BranchCall): void {
    const found = this.#court.cases.get(call.gid);
    if (found === undefined) return;
    this.#statistics.count('call kept back');
    found.activity += 1;
    found.heldBack.set(call.branchId, (found.heldBack.get(call.branchId) ?? 0) + 1);
  }

  #record(found: Case, call: BranchCall): OperationCase {
    const key = `${call.branchId}/${call.op}`;
    const known = found.operations.get(key);
    if (known !== undefined) return known;
    const fresh: OperationCase = {
      branchId: call.branchId,
      op: call.op,
      url: call.url,
      payload: textOf(call.payload),
      headers: JSON.stringify(call.headers),
      sends: 0,
      out: new Map(),
      successes: 0,
      failures: 0,
      errors: 0,
    };
    found.operations.set(key, fresh);
    return fresh;
  }

  /** P6: what was asked for, and the same each time. */
  #judgeIdentity(found: Case, call: BranchCall): void {
    const name = `${call.op} of branch ${call.branchId}`;
    const asked = this.#askedFor(found, call);
    if (asked === undefined) {
      accuse(this.#court, 'P6', found.gid, `the ${name} was called and is no part of it`);
      return;
    }
    const isSame = call.type === found.asked.type && call.url === asked.url && textOf(call.payload) === asked.payload;
    if (!isSame) accuse(this.#court, 'P6', found.gid, `the ${name} was called as ${call.url} with other content`);
    const earlier = found.operation(call.branchId, call.op);
    if (earlier !== undefined && earlier.headers !== JSON.stringify(call.headers)) {
      accuse(this.#court, 'P6', found.gid, `the ${name} was called with other headers than before`);
    }
  }

  #askedFor(found: Case, { branchId, op }: BranchCall): { url: string; payload: string } | undefined {
    const { type, queryPrepared } = found.asked;
    if (type === 'workflow') {
      const { name, input } = callbackOf(found.asked);
      return op === name && branchId === '00' ? { url: queryPrepared, payload: input } : undefined;
    }
    if (op === 'msg') return { url: queryPrepared, payload: '' };
    if (type === 'tcc' || type === 'xa') {
      const branch = found.row?.branches.find((registered) => registered.branchId === branchId && registered.op === op);
      return branch === undefined ? undefined : { url: branch.url, payload: textOf(branch.payload) };
    }
    const step = found.asked.steps[found.stepOf(branchId)];
    if (step === undefined || (op !== 'action' && op !== 'compensate')) return undefined;
    return { url: op === 'action' ? step.action : step.compensate, payload: textOf(step.payload) };
  }

  /** The status was changed on another node, and this one has not had to look since. */
  #hasNotSeenChange({ changedElsewhere }: Case, process: string): boolean {
    if (changedElsewhere === undefined || processOf(changedElsewhere.owner) !== process) return false;
    const machine = machineOf(process);
    const clock = this.#court.machines().get(machine);
    const changedMs = changedElsewhere.monotonicMs.get(machine);
    if (clock === undefined || changedMs === undefined || !this.#leases.isValid(process, changedElsewhere.owner)) {
      return false;
    }
    return clock.monotonicMs() - changedMs <= lookAgeMs + 1;
  }

  /** P4: the caller owns the row, and its lease has not run out by its own clocks. */
  #judgeWriter(found: Case, process: string, call: BranchCall): void {
    const owner = found.row?.owner ?? null;
    if (owner === null || processOf(owner) !== process) {
      accuse(this.#court, 'P4', found.gid, `${process} called ${call.branchId}/${call.op} of a row owned by ${owner}`);
    } else if (!this.#leases.isValid(process, owner)) {
      accuse(this.#court, 'P4', found.gid, `${process} called ${call.branchId}/${call.op} after its lease had lapsed`);
    }
  }

  /** P2: the status that calls for it is durable. */
  #judgeDecision(found: Case, call: BranchCall): void {
    if (allowedFor(call).includes(found.status)) return;
    // A workflow decides by itself: called back after its end, it is not left alone.
    const promise = call.type === 'workflow' ? 'P3' : 'P2';
    accuse(this.#court, promise, found.gid, `${call.branchId}/${call.op} was called while ${found.status} was durable`);
  }

  #judgeOrder(found: Case, call: BranchCall): void {
    const { type } = found.asked;
    if (type === 'workflow') return;
    if (type === 'tcc' || type === 'xa') {
      this.#judgeSecondPhaseOrder(found, call);
      return;
    }
    const step = found.stepOf(call.branchId);
    if (call.op === 'action') {
      this.#judgeForward(found, step, call);
      this.#judgeTime(found, call);
    }
    if (call.op === 'compensate') this.#judgeBackward(found, step, call);
  }

  #judgeForward(found: Case, step: number, call: BranchCall): void {
    for (const earlier of found.before[step] ?? []) {
      if (found.hasSucceeded(earlier, 'action')) continue;
      const name = found.asked.steps[earlier]?.branchId;
      accuse(
        this.#court,
        'P5',
        found.gid,
        `the action of ${call.branchId} was called before that of ${name} succeeded`,
      );
    }
  }

  /** P7: what has a time-out is turned back then. */
  #judgeTime(found: Case, { branchId }: BranchCall): void {
    const { type, options } = found.asked;
    if (!this.#court.isTimed || type !== 'saga' || options.timeoutToFailMs === 0) return;
    const lateMs = this.#court.nowMs() - (found.submittedMs ?? 0) - options.timeoutToFailMs;
    if (lateMs <= lateAllowedMs) return;
    accuse(
      this.#court,
      'P7',
      found.gid,
      `the action of ${branchId} was called ${Math.round(lateMs)} ms after its time-out`,
    );
  }

  #judgeBackward(found: Case, step: number, call: BranchCall): void {
    const name = `the compensation of ${call.branchId}`;
    const hasRun = found.wasSent(step, 'action') || found.asked.steps[step]?.action === '';
    if (!hasRun && !found.marksMayBeLost) {
      accuse(this.#court, 'P5', found.gid, `${name} was called, but its action never was`);
    }
    // What an owner before this one has called may still be out.
    const isOut = (found.ofStep(step, 'action')?.out.get(found.row?.owner ?? '') ?? 0) > 0;
    if (isOut && !this.#mayLeave(found)) {
      accuse(this.#court, 'P5', found.gid, `${name} was called while its action was out`);
    } else if (isOut) this.#statistics.count('compensated while its action was out, as an operator wanted');
    found.asked.steps.forEach(({ branchId }, other) => {
      const isLater = found.before[other]?.has(step) ?? false;
      if (isLater && found.wasSent(other, 'action') && !found.hasSucceeded(other, 'compensate')) {
        accuse(this.#court, 'P5', found.gid, `${name} was called before that of ${branchId} succeeded`);
      }
      const isEarlier = found.before[step]?.has(other) ?? false;
      if (isEarlier && found.wasSent(other, 'compensate') && !found.hasSucceeded(step, 'compensate')) {
        accuse(this.#court, 'P5', found.gid, `${name} was called after that of ${branchId}`);
      }
    });
  }

  /** An operator decided not to wait for what is out, and it was given the time that it has all the same. */
  #mayLeave({ waitsNoMoreSinceMs }: Case): boolean {
    if (this.#court.isLeaping) return true;
    if (waitsNoMoreSinceMs === undefined) return false;
    return this.#court.nowMs() - waitsNoMoreSinceMs >= patienceMs - clockErrorMs;
  }

  /** One branch at a time: of a tcc the last registered first, of an xa the first. */
  #judgeSecondPhaseOrder(found: Case, call: BranchCall): void {
    const branches = (found.row?.branches ?? []).filter(({ op, url }) => op === call.op && url !== '');
    const index = branches.findIndex(({ branchId }) => branchId === call.branchId);
    for (const { branchId } of found.asked.type === 'xa' ? branches.slice(0, index) : branches.slice(index + 1)) {
      if ((found.operation(branchId, call.op)?.successes ?? 0) > 0) continue;
      accuse(this.#court, 'P5', found.gid, `the ${call.op} of ${call.branchId} was called before that of ${branchId}`);
    }
  }
}

function allowedFor({ type, op }: BranchCall): readonly (string | undefined)[] {
  if (type === 'workflow') return ['prepared'];
  // A message that was submitted elsewhere meanwhile may still be asked about.
  return op === 'msg' ? ['prepared', 'submitted'] : [statusFor[op]];
}

function textOf(payload: Payload): string {
  return typeof payload === 'string' ? payload : new TextDecoder().decode(payload);
}
