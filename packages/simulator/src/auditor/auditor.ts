import type { Status, WorkflowEnd } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { BranchCall } from 'holdfast/engine/ports';
import type { Statistics } from '../kernel/statistics.ts';
import type { Bank } from '../network/bank.ts';
import type { Ledger } from '../network/ledger.ts';
import type { Cause, Row } from '../store/row.ts';
import { type Acknowledgement, AnswerAuditor, type Owed } from './answers.ts';
import { CallAuditor, type SentCase } from './calls.ts';
import { type Asking, Case } from './case.ts';
import { accuse, type Court } from './court.ts';
import { Creations, type Refused } from './creations.ts';
import { judgeEffects } from './effects.ts';
import { judgeForgotten } from './forgotten.ts';
import { Leases } from './leases.ts';
import { judgePromptness } from './promptness.ts';
import { RowAuditor } from './rows.ts';
import { Signs } from './signs.ts';
import { Versions } from './versions.ts';
import { WakeAuditor } from './wakes.ts';
import { Writers } from './writers.ts';

/**
 * Judges the engine by the promises P1 to P8, from what can be seen outside of it: the rows that become durable, the
 * calls that leave, the answers that clients get, and what happened at the banks. It shares no code with the core.
 */
export class Auditor {
  readonly leases: Leases;
  readonly writers: Writers;
  readonly #court: Court;
  readonly #rows: RowAuditor;
  readonly #calls: CallAuditor;
  readonly #answers: AnswerAuditor;
  readonly #creations: Creations;
  readonly #wakes: WakeAuditor;
  readonly #signs: Signs;
  readonly #statistics: Statistics;
  readonly #versions: Versions;

  constructor(court: Court, statistics: Statistics) {
    this.#court = court;
    this.#statistics = statistics;
    this.leases = new Leases(court, statistics);
    this.writers = new Writers(court, statistics);
    const signs = new Signs(court);
    this.#signs = signs;
    this.#rows = new RowAuditor(court, this.leases, signs, statistics);
    this.#calls = new CallAuditor(court, this.leases, signs, statistics);
    this.#answers = new AnswerAuditor(court);
    this.#creations = new Creations(court);
    this.#wakes = new WakeAuditor(court);
    this.#versions = new Versions(court, statistics);
  }

  get cases(): ReadonlyMap<string, Case> {
    return this.#court.cases;
  }

  /** A client or an operator is about to ask for it. The first time says what the transaction is. */
  asks(asked: AskedTransaction, asking: Asking): void {
    const found = this.#court.cases.get(asked.gid) ?? new Case(asked);
    found.askings.add(asking);
    this.#court.cases.set(asked.gid, found);
  }

  /** An operator is about to say that calls which are out are not to be waited for. */
  asksNotToWait(gid: string): void {
    const found = this.#court.cases.get(gid);
    if (found !== undefined) found.waitsNoMoreSinceMs ??= this.#court.nowMs();
  }

  /** A workflow is about to say that it ended so. */
  asksToEnd(gid: string, end: WorkflowEnd): void {
    this.#court.cases.get(gid)?.endsAsked.push(end);
  }

  /** What somebody who asks for it from now on must be told of. */
  owedTo(gid: string): Owed {
    const found = this.#court.cases.get(gid);
    return { registered: [...(found?.registered ?? [])], end: found?.end };
  }

  /** Somebody is about to make it due: from now on its callbacks may come at any time. */
  wakes(gid: string): void {
    const found = this.#court.cases.get(gid);
    if (found !== undefined) found.wasWoken = true;
  }

  changed(before: Row | undefined, after: Row | undefined, cause: Cause): void {
    this.#rows.changed(before, after, cause);
    if (after !== undefined) this.#versions.changed(after, cause);
    const created = before === undefined ? this.#court.cases.get(after?.definition.gid ?? '') : undefined;
    if (created !== undefined) this.#creations.judge(created);
  }

  /** A node is asked for something that may create it. What it returns is told the refusal. */
  asksNode(gid: string): Refused {
    return this.#creations.asked(gid);
  }

  /** A call leaves a process once more by itself. */
  sentAgain(process: string, call: BranchCall, mayHaveRun: boolean): void {
    this.#calls.sentAgain(process, call, mayHaveRun);
  }

  /** A process of a version that knows so much. */
  starts(process: string, format: number): void {
    this.#versions.starts(process, format);
  }

  /** A call leaves. */
  sent(process: string, call: BranchCall): SentCase {
    this.#versions.called(process, call.gid);
    return this.#calls.sent(process, call);
  }

  /** A limit or a breaker kept the call back. */
  heldBack(call: BranchCall): void {
    this.#calls.heldBack(call);
  }

  acknowledged(gid: string, answer: Acknowledgement): void {
    this.#answers.acknowledged(gid, answer);
    const found = this.#court.cases.get(gid);
    if (found !== undefined && answer.kind === 'workflow') this.#signs.acknowledged(found);
  }

  /** It is about to be made due. What it returns is called when a node says that it has been. */
  watchWake(gid: string): () => void {
    return this.#wakes.watch(gid);
  }

  told(gid: string, status: Status): void {
    this.#answers.told(gid, status);
  }

  /** A node found that it owns it and does not drive it: by a lost answer of the store, or it is a defect. */
  foundUndriven(gid: string): void {
    this.#statistics.count('driven again');
    if (this.#court.isCalm) this.broke(gid, 'it was owned and not driven, though no answer of the store was lost');
  }

  /** An error that no promise covers: something in the engine broke. */
  broke(gid: string, what: string): void {
    accuse(this.#court, 'engine', gid, what);
  }

  /** Whether nothing is left to do: all final, or an incident that a human can see. */
  get isAllOver(): boolean {
    return this.unfinished.length === 0;
  }

  get unfinished(): Case[] {
    return [...this.#court.cases.values()].filter(
      ({ row, isFinal, isForHuman }) => row !== undefined && !isFinal && !isForHuman,
    );
  }

  /** P7: all faults ended so long ago, and nobody has taken it up. */
  judgeForgotten(sinceMs: number): void {
    judgeForgotten(this.#court, this.leases, this.unfinished, sinceMs);
  }

  /** P7: faults ended long ago, and it is still not over. */
  judgeLiveness(sinceMs: number): void {
    for (const { gid, status, row } of this.unfinished) {
      const owner = row?.owner ?? 'nobody';
      accuse(
        this.#court,
        'P7',
        gid,
        `still ${status}, ${Math.round(sinceMs / 1000)} s after all faults ended; owner: ${owner}`,
      );
    }
  }

  judgePromptness(deadHost: string): void {
    judgePromptness(this.#court, deadHost);
  }

  judgeEffects(banks: ReadonlyMap<string, Bank>, ledger: Ledger): void {
    judgeEffects(this.#court, banks, ledger);
  }
}
