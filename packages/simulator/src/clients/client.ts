import type { BranchOperation, HoldfastError, WorkflowEnd } from '@holdfast/core';
import type { AskedTransaction, Coordinator } from 'holdfast/engine/coordinator';
import type { Acknowledgement } from '../auditor/answers.ts';
import type { Asking } from '../auditor/case.ts';
import type { Random } from '../kernel/random.ts';
import type { BankOrder } from '../network/bank.ts';
import type { Ledger } from '../network/ledger.ts';
import type { NetworkAnswer } from '../network/network.ts';
import type { ServiceRequest } from '../network/request.ts';
import type { Answer, Gateway } from '../world/gateway.ts';
import type { Surroundings } from '../world/surroundings.ts';

/** The banks that a client may use in one transaction, and the accounts of each. */
export interface Banks {
  readonly hosts: readonly [string, ...string[]];
  readonly accounts: readonly [string, ...string[]];
}

export interface ClientParts {
  readonly world: Surroundings;
  readonly gateway: Gateway;
  readonly ledger: Ledger;
  readonly banks: Banks;
  readonly random: Random;
  /** How many sagas get a time-out. */
  readonly timeoutShare: number;
}

type Stored = Awaited<ReturnType<Coordinator['prepareWorkflow']>>;
export type Standing = Awaited<ReturnType<Coordinator['submit']>>;

const attempts = 12;
/** What all clients do: ask, and ask again where no answer came. */
export class Client {
  readonly parts: ClientParts;
  /** By gid, what those of its transactions mean that name topics. */
  readonly meanings = new Map<string, AskedTransaction>();
  readonly deletedTopics = new Set<string>();

  constructor(parts: ClientParts) {
    this.parts = parts;
  }

  get random(): Random {
    return this.parts.random;
  }

  /** The business of the client takes its time, or the client is slow. */
  think(mostMs: number): Promise<void> {
    return this.parts.world.scheduler.sleep(this.random.skewed(1, mostMs));
  }

  prepare(asked: AskedTransaction): Promise<Answer<unknown>> {
    return this.#insist(
      asked,
      'prepare',
      (coordinator) => coordinator.prepare(asked),
      () => [{ kind: 'prepare' }],
    );
  }

  submit(asked: AskedTransaction): Promise<Answer<Standing>> {
    const { waitResult } = asked.options;
    return this.#insist(
      asked,
      'submit',
      (coordinator) => coordinator.submit(asked, waitResult),
      (standing) => [{ kind: 'submit' }, ...standingClaim(standing)],
    );
  }

  abort(asked: AskedTransaction): Promise<Answer<Standing>> {
    return this.#insist(
      asked,
      'abort',
      (coordinator) => coordinator.abort(asked.gid, asked.type, 'the client wants it so'),
      (standing) => [{ kind: 'abort' }, ...standingClaim(standing)],
    );
  }

  /** Two parts of one client that do not know of each other: the status decides who was first. */
  async raceSubmitAndAbort(asked: AskedTransaction): Promise<void> {
    const abort = this.think(30).then(() => this.abort(asked));
    await Promise.all([this.submit(asked), abort]);
  }

  /** Begins or resumes a workflow: what it is told must contain all that was acknowledged before. */
  prepareWorkflow(asked: AskedTransaction): Promise<Answer<Stored>> {
    const owed = this.parts.world.auditor.owedTo(asked.gid);
    return this.#insist(
      asked,
      'prepare',
      (coordinator) => coordinator.prepareWorkflow(asked),
      (stored) => [{ kind: 'workflow', stored, owed }],
    );
  }

  endWorkflow(asked: AskedTransaction, end: WorkflowEnd): Promise<Answer<unknown>> {
    this.parts.world.auditor.asksToEnd(asked.gid, end);
    return this.#insist(
      asked,
      'end',
      (coordinator) => coordinator.endWorkflow(asked.gid, end),
      () => [{ kind: 'end', end }],
    );
  }

  /** True: it was acknowledged. */
  async register({ gid, type }: AskedTransaction, branches: readonly BranchOperation[]): Promise<boolean> {
    const answer = await this.insisting(
      gid,
      'register',
      (coordinator) => coordinator.registerBranch(gid, type, branches),
      () => [{ kind: 'register', branches }],
    );
    return answer.kind === 'done';
  }

  stop(asked: AskedTransaction): Promise<Answer<unknown>> {
    return this.#insist(
      asked,
      'stop',
      (coordinator) => coordinator.forceStop(asked.gid),
      () => [{ kind: 'stop' }],
    );
  }

  /** An operator turns it back; some do not wait for what is out. */
  rollBack(asked: AskedTransaction): Promise<Answer<unknown>> {
    const doNotWait = this.random.chance(0.5);
    if (doNotWait) this.parts.world.auditor.asksNotToWait(asked.gid);
    return this.#insist(
      asked,
      'rollback',
      (coordinator) => coordinator.rollback(asked.gid, { reason: 'an operator wants it so', doNotWait }),
      () => [{ kind: 'rollback' }],
    );
  }

  makeDue(gid: string): Promise<Answer<unknown>> {
    this.parts.world.auditor.wakes(gid);
    const ask = (coordinator: Coordinator) => coordinator.makeDue(gid);
    return this.parts.gateway.request({
      gid,
      what: 'make due',
      ask,
      claims: () => [{ kind: 'due' }],
      patienceMs: 5000,
    });
  }

  /** Once, without a claim that must hold: queries and the like. */
  once<Value>(gid: string, what: string, ask: (coordinator: Coordinator) => Promise<Value>): Promise<Answer<Value>> {
    return this.parts.gateway.request({ gid, what, ask, claims: () => [], patienceMs: 5000 });
  }

  /** Again and again until there is an answer; a refusal that time can heal is none. */
  async insisting<Value>(
    gid: string,
    what: string,
    ask: (coordinator: Coordinator) => Promise<Value>,
    claims: (value: Value) => readonly Acknowledgement[],
  ): Promise<Answer<Value>> {
    let last: Answer<Value> = { kind: 'unknown' };
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const patienceMs = this.random.skewed(1500, 15_000);
      last = await this.parts.gateway.request({ gid, what, ask, claims, patienceMs });
      if (last.kind === 'done') return last;
      if (last.kind === 'refused' && !isPassing(last.error)) return last;
      await this.think(2000);
    }
    return last;
  }

  /** A call of a service by the client itself: a try. */
  call(request: ServiceRequest, timeoutMs: number): Promise<NetworkAnswer> {
    const { scheduler, network } = this.parts.world;
    const side = {
      isAlive: true,
      after: (delayMs: number, action: () => void) => {
        scheduler.after(delayMs, action);
      },
    };
    return new Promise((resolve) => network.call(request, side, timeoutMs, resolve));
  }

  bank(): string {
    return this.random.pick(this.parts.banks.hosts);
  }

  /** The body of a branch call. */
  order(refuse: boolean): string {
    const amount = this.random.chance(0.1) ? this.random.integer(300, 900) : this.random.integer(1, 100);
    const order: BankOrder = { account: this.random.pick(this.parts.banks.accounts), amount, refuse };
    return JSON.stringify(order);
  }

  #insist<Value>(
    asked: AskedTransaction,
    what: Asking,
    ask: (coordinator: Coordinator) => Promise<Value>,
    claims: (value: Value) => readonly Acknowledgement[],
  ): Promise<Answer<Value>> {
    this.parts.world.auditor.asks(this.meanings.get(asked.gid) ?? asked, what);
    return this.insisting(asked.gid, what, ask, claims);
  }
}

function standingClaim(standing: Standing): Acknowledgement[] {
  return standing === undefined ? [] : [{ kind: 'standing', status: standing.transaction.progress.status }];
}

function isPassing(error: HoldfastError): boolean {
  return error.code === 'UNAVAILABLE' || error.code === 'OVERLOADED';
}
