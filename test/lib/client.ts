import type { Answer, HttpCaller } from './http.ts';
import { type Behaviour, behaviourQuery, type Participant } from './participant.ts';
import type { Random } from './random.ts';
import type { MessageScenario, SagaScenario, Scenario, TccScenario } from './scenario.ts';

/** What a client knows of its transaction: only what was answered counts. */
export interface Note {
  readonly scenario: Scenario;
  prepared: boolean;
  submitAsked: boolean;
  /** Answered 200: from here on it must be found, and end as it calls for. */
  submitted: boolean;
  aborted: boolean;
  /** Answered 200 to a submit that waits: it had succeeded. */
  seenToSucceed: boolean;
  /** msg: the local transaction committed. */
  committed: boolean;
  /** tcc: branches whose registration was answered 200. */
  readonly registered: string[];
}

/** The client gave up, or was refused: it leaves its transaction as it is. */
class Leaves extends Error {}

const attempts = 8;

/** A client of the coordinator that runs scenarios as SDKs do, and survives the coordinator's deaths. */
export class Client {
  readonly #http: HttpCaller;
  readonly #participant: Participant;
  readonly #random: Random;
  readonly #isUp: () => Promise<void>;
  /** Answers that should never be given. */
  readonly defects: string[] = [];
  /** Requests answered 200. */
  acknowledged = 0;

  constructor(http: HttpCaller, participant: Participant, random: Random, isUp: () => Promise<void>) {
    this.#http = http;
    this.#participant = participant;
    this.#random = random;
    this.#isUp = isUp;
  }

  /** Resolves with what the client knows at the end, whatever happened on the way. */
  async run(scenario: Scenario): Promise<Note> {
    const note: Note = {
      scenario,
      prepared: false,
      submitAsked: false,
      submitted: false,
      aborted: false,
      seenToSucceed: false,
      committed: false,
      registered: [],
    };
    try {
      if (scenario.kind === 'saga') await this.#saga(scenario, note);
      else if (scenario.kind === 'msg') await this.#message(scenario, note);
      else await this.#tcc(scenario, note);
    } catch (error) {
      if (!(error instanceof Leaves)) throw error;
    }
    return note;
  }

  async #saga(scenario: SagaScenario, note: Note): Promise<void> {
    const { gid, steps, waitResult } = scenario;
    const custom =
      scenario.concurrent || Object.keys(scenario.orders).length > 0
        ? { custom_data: JSON.stringify({ concurrent: scenario.concurrent, orders: scenario.orders }) }
        : {};
    await this.#submit(note, {
      gid,
      trans_type: 'saga',
      ...custom,
      retry_interval: 1,
      request_timeout: 2,
      ...(waitResult ? { wait_result: true } : {}),
      ...(scenario.timeoutSeconds > 0 ? { timeout_to_fail: scenario.timeoutSeconds } : {}),
      ...(scenario.retryLimit > 0 ? { retry_limit: scenario.retryLimit } : {}),
      steps: steps.map(({ action, compensate }) => ({
        action: this.#url('/action', action),
        compensate: this.#url('/compensate', compensate),
      })),
      payloads: steps.map(({ action }) => action.body ?? ''),
    });
    if (note.submitted && waitResult) note.seenToSucceed = true;
  }

  async #message(scenario: MessageScenario, note: Note): Promise<void> {
    const { gid, steps, plan } = scenario;
    const message = {
      gid,
      trans_type: 'msg',
      concurrent: scenario.concurrent,
      retry_interval: 1,
      timeout_to_fail: 2,
      steps: steps.map((step) => ({ action: this.#url('/action', step) })),
      payloads: steps.map(({ body }) => body ?? ''),
      query_prepared: this.#url('/query', scenario.query),
    };
    if (plan === 'submit-only') {
      await this.#submit(note, message);
      return;
    }
    await this.#prepare(note, message);
    if (plan === 'rollback-and-leave') return;
    if (plan === 'rollback') {
      await this.#abort(note, message);
      return;
    }
    const sum = steps.reduce((total, { delta = 0 }) => total + delta, 0);
    note.committed = this.#participant.ledger.pass(gid, '00', 'msg', -sum) === 'ran';
    if (note.committed && plan === 'commit') await this.#submit(note, message);
  }

  async #tcc(scenario: TccScenario, note: Note): Promise<void> {
    const { gid, branches, plan } = scenario;
    const global = { gid, trans_type: 'tcc', retry_interval: 1, timeout_to_fail: 2 };
    await this.#prepare(note, global);
    for (const [index, { delta, confirm, cancel }] of branches.entries()) {
      const branchId = String(index + 1).padStart(2, '0');
      const answer = await this.#ask('registerBranch', {
        gid,
        trans_type: 'tcc',
        branch_id: branchId,
        data: confirm.body ?? '',
        confirm: this.#url('/confirm', confirm),
        cancel: this.#url('/cancel', cancel),
      });
      if (answer.status === 409) {
        // Past its time-out: it is aborting already.
        await this.#abort(note, global);
        return;
      }
      this.#expect(answer, 'registerBranch', gid, [200]);
      note.registered.push(branchId);
      this.#participant.ledger.pass(gid, branchId, 'try', delta);
    }
    if (plan === 'submit') await this.#submit(note, global);
    else if (plan === 'abort')
      await this.#abort(note, { ...global, rollback_reason: 'the client thought better of it' });
  }

  async #prepare(note: Note, body: object): Promise<void> {
    const { attempt, ...answer } = await this.#ask('prepare', body);
    // The first one came through without an answer, and timed out before it was asked again.
    if (answer.status === 409 && attempt > 1) throw new Leaves();
    this.#expect(answer, 'prepare', note.scenario.gid, [200]);
    note.prepared = true;
  }

  async #submit(note: Note, body: object): Promise<void> {
    note.submitAsked = true;
    const answer = await this.#ask('submit', body);
    this.#expect(answer, 'submit', note.scenario.gid, [200, 409]);
    note.submitted = answer.status === 200;
  }

  async #abort(note: Note, body: object): Promise<void> {
    const answer = await this.#ask('abort', body);
    this.#expect(answer, 'abort', note.scenario.gid, [200, 409]);
    note.aborted = answer.status === 200;
  }

  #expect({ status, text }: Answer, what: string, gid: string, allowed: readonly number[]): void {
    if (allowed.includes(status)) return;
    this.defects.push(`${gid}: ${what} was answered ${status} ${text}`);
    throw new Leaves();
  }

  /** Asks again where the connection broke or the coordinator has no room, as a patient client does; some are not. */
  async #ask(route: string, body: object): Promise<Answer & { attempt: number }> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      await this.#isUp();
      try {
        const answer = await this.#http.post(`/api/dtmsvr/${route}`, body);
        if (answer.status === 200) this.acknowledged += 1;
        if (answer.status !== 503 && answer.status !== 429) return { ...answer, attempt };
        if (answer.retryAfter === undefined) this.defects.push(`${route}: ${answer.status} without Retry-After`);
      } catch {
        // The connection broke: perhaps done, perhaps not. Asking again is safe, leaving is allowed.
      }
      if (this.#random.chance(0.3)) throw new Leaves();
    }
    throw new Leaves();
  }

  #url(path: string, behaviour: Behaviour): string {
    return `${this.#participant.url}${path}?${behaviourQuery(behaviour)}`;
  }
}
