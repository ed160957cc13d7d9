import type { Answer, Asking } from './http.ts';
import { type Behaviour, behaviourQuery, type Participant } from './participant.ts';
import type { Random } from './random.ts';
import type { MessageScenario, SagaScenario, Scenario, TccScenario, WorkflowScenario, XaScenario } from './scenario.ts';

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
  /** tcc, xa: branches whose registration was answered 200; workflow: branch and op. */
  readonly registered: string[];
}

/** The client gave up, or was refused: it leaves its transaction as it is. */
class Leaves extends Error {}

/** A tcc or an xa: how its branches are registered, and what they do first. */
interface TwoPhases {
  readonly gid: string;
  readonly type: 'tcc' | 'xa';
  readonly forward: 'try' | 'xa';
  readonly parts: readonly { readonly delta: number; readonly registration: object }[];
  readonly plan: 'submit' | 'abort' | 'leave';
}

/** What prepareWorkflow answers. */
interface Resumed {
  readonly transaction: { readonly status: string };
  readonly progresses: readonly { readonly branch_id: string; readonly op: string; readonly bin_data: string }[];
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const branchName = (index: number) => String(index + 1).padStart(2, '0');
const attempts = 8;

/** A client of the coordinator that runs scenarios as SDKs do, and survives the coordinator's deaths. */
export class Client {
  readonly #http: Asking;
  readonly #participant: Participant;
  readonly #random: Random;
  readonly #isUp: () => Promise<void>;
  readonly #requestTimeoutSeconds: number;
  /** Answers that should never be given. */
  readonly defects: string[] = [];
  readonly #workflows = new Map<string, { readonly scenario: WorkflowScenario; readonly note: Note }>();
  /** Requests answered 200. */
  acknowledged = 0;

  /** @param requestTimeoutSeconds of calls of its sagas and workflows */
  constructor(
    http: Asking,
    participant: Participant,
    random: Random,
    isUp: () => Promise<void>,
    requestTimeoutSeconds = 2,
  ) {
    this.#http = http;
    this.#participant = participant;
    this.#random = random;
    this.#isUp = isUp;
    this.#requestTimeoutSeconds = requestTimeoutSeconds;
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
      await this.#act(scenario, note);
    } catch (error) {
      if (!(error instanceof Leaves)) throw error;
    }
    return note;
  }

  /** The callback of a workflow: runs the rest of it, and says with what status to answer. */
  async callback(gid: string): Promise<number> {
    const known = this.#workflows.get(gid);
    if (known === undefined) return 404;
    try {
      await this.#workflow(known.scenario, known.note);
      return 200;
    } catch (error) {
      if (!(error instanceof Leaves)) throw error;
      return 500;
    }
  }

  #act(scenario: Scenario, note: Note): Promise<void> {
    switch (scenario.kind) {
      case 'saga':
        return this.#saga(scenario, note);
      case 'msg':
        return this.#message(scenario, note);
      case 'tcc':
        return this.#tcc(scenario, note);
      case 'xa':
        return this.#xa(scenario, note);
      case 'workflow':
        this.#workflows.set(scenario.gid, { scenario, note });
        return this.#workflow(scenario, note, scenario.leavesBefore);
      default:
        return scenario satisfies never;
    }
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
      request_timeout: this.#requestTimeoutSeconds,
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

  #tcc({ gid, branches, plan }: TccScenario, note: Note): Promise<void> {
    const parts = branches.map(({ delta, confirm, cancel }) => ({
      delta,
      registration: {
        data: confirm.body ?? '',
        confirm: this.#url('/confirm', confirm),
        cancel: this.#url('/cancel', cancel),
      },
    }));
    return this.#twoPhases(note, { gid, type: 'tcc', forward: 'try', parts, plan });
  }

  #xa({ gid, branches, plan }: XaScenario, note: Note): Promise<void> {
    const parts = branches.map(({ delta = 0, ...behaviour }) => ({
      delta,
      registration: { url: this.#url('/xa', { ...behaviour, delta }) },
    }));
    return this.#twoPhases(note, { gid, type: 'xa', forward: 'xa', parts, plan });
  }

  /** Registers each branch, then lets it do its first phase; submits, aborts or leaves. */
  async #twoPhases(note: Note, { gid, type, forward, parts, plan }: TwoPhases): Promise<void> {
    const global = { gid, trans_type: type, retry_interval: 1, timeout_to_fail: 2 };
    await this.#prepare(note, global);
    for (const [index, { delta, registration }] of parts.entries()) {
      const branchId = branchName(index);
      const answer = await this.#ask('registerBranch', { gid, trans_type: type, branch_id: branchId, ...registration });
      if (answer.status === 409) {
        // Past its time-out: it is aborting already.
        await this.#abort(note, global);
        return;
      }
      this.#expect(answer, 'registerBranch', gid, [200]);
      note.registered.push(branchId);
      this.#participant.ledger.pass(gid, branchId, forward, delta);
    }
    if (plan === 'submit') await this.#submit(note, global);
    else if (plan === 'abort')
      await this.#abort(note, { ...global, rollback_reason: 'the client thought better of it' });
  }

  /** As an SDK runs it: what is registered is not done again. Also when it is called back, perhaps at the same time. */
  async #workflow({ gid, deltas, failing }: WorkflowScenario, note: Note, leavesBefore?: number): Promise<void> {
    const known = await this.#resume(gid, note);
    if (known === undefined) return;
    const steps = deltas.slice(0, failing).map((delta, index) => ({ branchId: branchName(index), delta }));
    for (const [index, { branchId, delta }] of steps.entries()) {
      if (index === leavesBefore) throw new Leaves();
      await this.#step(note, known, branchId, 'action', 'succeed', delta);
    }
    if (failing === undefined) return this.#end(note, { status: 'succeed', result: base64(gid) });
    await this.#step(note, known, branchName(failing), 'action', 'failed', 0);
    for (const { branchId, delta } of steps.toReversed()) {
      await this.#step(note, known, branchId, 'rollback', 'succeed', delta);
    }
    return this.#end(note, { status: 'failed', rollback_reason: gid });
  }

  /** What is registered of it; undefined: it has ended. */
  async #resume(gid: string, note: Note): Promise<ReadonlySet<string> | undefined> {
    const owed = [...note.registered];
    const answer = await this.#ask('prepareWorkflow', {
      gid,
      trans_type: 'workflow',
      query_prepared: this.#url('/workflow', { body: 'the input' }),
      custom_data: JSON.stringify({ name: 'transfer', data: base64('the input') }),
      retry_interval: 1,
      request_timeout: this.#requestTimeoutSeconds + 1,
    });
    this.#expect(answer, 'prepareWorkflow', gid, [200]);
    note.prepared = true;
    const { transaction, progresses }: Resumed = JSON.parse(answer.text);
    const known = progresses.map(({ branch_id, op, bin_data }) => {
      if (bin_data !== base64(`${op} of ${branch_id}`)) this.defects.push(`${gid}: ${op} of ${branch_id} was changed`);
      return `${branch_id} ${op}`;
    });
    const lost = owed.filter((name) => !known.includes(name));
    if (lost.length > 0) this.defects.push(`${gid}: whoever resumed it was not told of ${lost.join()}`);
    return transaction.status === 'prepared' ? new Set(known) : undefined;
  }

  async #step(
    note: Note,
    known: ReadonlySet<string>,
    branchId: string,
    op: 'action' | 'rollback',
    status: 'succeed' | 'failed',
    delta: number,
  ): Promise<void> {
    const { gid } = note.scenario;
    const name = `${branchId} ${op}`;
    if (known.has(name)) return;
    if (status === 'succeed') this.#participant.ledger.pass(gid, branchId, op === 'action' ? 'step' : 'undo', delta);
    const data = `${op} of ${branchId}`;
    const answer = await this.#ask('registerBranch', {
      gid,
      trans_type: 'workflow',
      branch_id: branchId,
      op,
      status,
      data,
    });
    // It has ended by what is done elsewhere.
    if (answer.status === 409) throw new Leaves();
    this.#expect(answer, 'registerBranch', gid, [200]);
    if (!note.registered.includes(name)) note.registered.push(name);
  }

  async #end(note: Note, req_extra: object): Promise<void> {
    const { gid } = note.scenario;
    note.submitAsked = true;
    const answer = await this.#ask('submit', { gid, trans_type: 'workflow', req_extra });
    this.#expect(answer, 'submit', gid, [200]);
    note.submitted = true;
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
