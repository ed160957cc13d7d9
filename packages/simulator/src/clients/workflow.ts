import { type BranchOperation, noOptions, type WorkflowEnd } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import { callbackOf, customDataOf, type FlowStep, flowHost, flowStepsOf } from '../network/flow.ts';
import type { ServiceRequest } from '../network/request.ts';
import { broken, failure, type LongService, ongoing, type ServiceAnswer, success } from '../network/request.ts';
import type { Client } from './client.ts';

/** Steps at a few banks, of which some refuse. */
export function planWorkflow(client: Client, gid: string): AskedTransaction {
  const { random } = client;
  const count = random.integer(0, 4);
  const refusing = random.chance(0.35) ? random.integer(1, 4) : 0;
  const steps = Array.from(
    { length: count },
    (_, index): FlowStep => ({
      branchId: String(index + 1).padStart(2, '0'),
      url: `http://${client.bank()}/${random.chance(0.5) ? 'out' : 'in'}`,
      payload: client.order(index + 1 === refusing),
    }),
  );
  return {
    gid,
    type: 'workflow',
    protocol: 'http',
    steps: [],
    queryPrepared: `http://${flowHost}/callback`,
    options: {
      ...noOptions,
      requestTimeoutMs: random.chance(0.7) ? random.integer(2, 10) * 1000 : 0,
      retryIntervalMs: random.chance(0.7) ? random.integer(1, 5) * 1000 : 0,
    },
    customData: customDataOf('transfer', steps),
  };
}

/** Runs it as an SDK does; some run it again by themselves, or look for its result afterwards. */
export async function runWorkflow(client: Client, asked: AskedTransaction, mortalUntilMs: number): Promise<void> {
  for (let outcome: FlowOutcome = 'open'; outcome === 'open' || outcome === 'dead'; ) {
    outcome = await new Execution(client, asked, mortalUntilMs).run();
    if (client.random.chance(0.5)) return;
    await client.think(6000);
  }
  await client.prepareWorkflow(asked);
}

/** The service that is called back: it runs the rest of the workflow before it answers. */
export class FlowHost implements LongService {
  readonly #client: Client;
  readonly #mortalUntilMs: number;

  constructor(client: Client, mortalUntilMs: number) {
    this.#client = client;
    this.#mortalUntilMs = mortalUntilMs;
  }

  async work({ gid }: ServiceRequest): Promise<ServiceAnswer> {
    const { auditor } = this.#client.parts.world;
    const asked = auditor.cases.get(gid)?.asked;
    if (asked === undefined) return broken('no such workflow');
    try {
      const outcome = await new Execution(this.#client, asked, this.#mortalUntilMs).run();
      return await this.#answer(outcome);
    } catch (error) {
      auditor.broke(gid, `a workflow failed: ${error}`);
      return broken('a defect');
    }
  }

  #answer(outcome: FlowOutcome): Promise<ServiceAnswer> {
    switch (outcome) {
      case 'succeed':
        return Promise.resolve(success);
      case 'failed':
        return Promise.resolve(failure('rolled back'));
      case 'open':
        // Success says that the callback was heard, and nothing about the workflow.
        return Promise.resolve(this.#client.random.pick([ongoing, broken('it could not go on'), success]));
      case 'dead':
        return new Promise(() => undefined);
      default:
        return outcome satisfies never;
    }
  }
}

/** `open`: it could not go on now. `dead`: its process is no more. */
type FlowOutcome = WorkflowEnd['to'] | 'open' | 'dead';

class Dies extends Error {}
class CannotGoOn extends Error {}

/** One run through a workflow: what is registered is not done again. */
class Execution {
  readonly #client: Client;
  readonly #asked: AskedTransaction;
  readonly #mortalUntilMs: number;
  readonly #name: number;
  #known: readonly BranchOperation[] = [];

  constructor(client: Client, asked: AskedTransaction, mortalUntilMs: number) {
    this.#client = client;
    this.#asked = asked;
    this.#mortalUntilMs = mortalUntilMs;
    this.#name = client.random.integer(1, 1_000_000);
  }

  async run(): Promise<FlowOutcome> {
    const { statistics } = this.#client.parts.world;
    try {
      return await this.#run();
    } catch (error) {
      if (error instanceof CannotGoOn) return 'open';
      if (!(error instanceof Dies)) throw error;
      statistics.count('workflow died on the way');
      return 'dead';
    }
  }

  async #run(): Promise<FlowOutcome> {
    const found = await this.#client.prepareWorkflow(this.#asked);
    if (found.kind !== 'done') return 'open';
    const { progress, branches } = found.value;
    if (progress.status === 'succeed' || progress.status === 'failed') return progress.status;
    this.#known = branches;
    if (branches.length > 0) this.#client.parts.world.statistics.count('workflow resumed');
    const reached: FlowStep[] = [];
    for (const step of flowStepsOf(callbackOf(this.#asked).input)) {
      reached.push(step);
      const { state, payload } = await this.#do(step, 'action', step.url);
      if (state !== 'f') continue;
      // A step that failed is undone too: its call may be under way elsewhere.
      for (const undone of reached.toReversed()) await this.#do(undone, 'rollback', `${undone.url}-undo`);
      return await this.#end({ to: 'failed', reason: this.#text(String(payload)), result: '' });
    }
    return await this.#end({ to: 'succeed', reason: '', result: this.#text('done') });
  }

  /** Does one thing, unless it is registered; then registers how it ended. */
  async #do({ branchId, payload }: FlowStep, op: string, url: string): Promise<BranchOperation> {
    const known = this.#known.find((branch) => branch.branchId === branchId && branch.op === op);
    if (known !== undefined) return known;
    const { gid, type } = this.#asked;
    await this.#live(1500);
    const answer = await this.#client.call({ gid, type, branchId, op, url, payload }, 3000);
    const statusCode = answer.kind === 'answered' ? answer.answer.statusCode : 0;
    const hasFailed = statusCode === 409 && op === 'action';
    if (statusCode !== 200 && !hasFailed) throw new CannotGoOn();
    await this.#live(200);
    const state = hasFailed ? 'f' : 's';
    const branch: BranchOperation = { branchId, op, url: '', payload: this.#text(`${op} ${state}`), state };
    if (!(await this.#client.register(this.#asked, [branch]))) throw new CannotGoOn();
    return branch;
  }

  async #end(end: WorkflowEnd): Promise<FlowOutcome> {
    await this.#live(500);
    const answer = await this.#client.endWorkflow(this.#asked, end);
    return answer.kind === 'done' ? end.to : 'open';
  }

  /** Time goes by; it may die in it. */
  async #live(mostMs: number): Promise<void> {
    const { random, parts } = this.#client;
    await this.#client.think(random.chance(0.1) ? mostMs * 8 : mostMs);
    if (parts.world.scheduler.nowMs < this.#mortalUntilMs && random.chance(0.05)) throw new Dies();
  }

  /** No two executions say the same; some have a lot to say. */
  #text(what: string): string {
    const filling = this.#client.random.chance(0.05) ? '.'.repeat(10_000) : '';
    return `${what} by ${this.#name}${filling}`;
  }
}
