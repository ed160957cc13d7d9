/**
 * A thousand registrations race with submit, abort and time-out, at two coordinators on one database. Each that was
 * acknowledged is part of what was decided; each that came after the decision is refused, and is never called.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedService } from '../e2e/scripted-service.ts';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { HttpCaller } from '../lib/http.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { newPlace, type SharedKind, serverOf } from '../lib/test-store.ts';
import { until } from '../lib/until.ts';

const transactions = 100;
const perTransaction = 10;
/** Within which registrations and the decision come, in some order. */
const spreadMs = 60;

type Decision = 'submit' | 'abort' | 'time-out';
type Type = 'tcc' | 'xa';

/** A registration, as its client knows it. */
interface Registration {
  readonly branchId: string;
  readonly sentMs: number;
  /** 0: the connection broke, or the answer says that nobody knows. */
  readonly status: number;
}

interface Race {
  readonly gid: string;
  readonly type: Type;
  readonly decision: Decision;
  /** When its client knew that it was decided. */
  readonly decidedMs: number;
  readonly registrations: readonly Registration[];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Racers {
  readonly #callers: readonly HttpCaller[];
  readonly #random: Random;
  readonly #service: ScriptedService;

  constructor(callers: readonly HttpCaller[], random: Random, service: ScriptedService) {
    this.#callers = callers;
    this.#random = random;
    this.#service = service;
  }

  async run(gid: string): Promise<Race> {
    const random = this.#random;
    const type = random.chance(0.5) ? 'tcc' : 'xa';
    const decision = random.weighted<Decision>([
      [2, 'submit'],
      [2, 'abort'],
      [1, 'time-out'],
    ]);
    // Seconds are the least there is: what races with the time-out waits for it.
    const body = { gid, trans_type: type, timeout_to_fail: decision === 'time-out' ? 1 : 60 };
    assert.equal((await this.#post('prepare', body)).status, 200);
    const fromMs = decision === 'time-out' ? 1000 - spreadMs / 2 : 0;
    const asked = Array.from({ length: perTransaction }, (_, index) =>
      this.#register(gid, type, String(index + 1).padStart(2, '0'), fromMs + random.next() * spreadMs),
    );
    const decidedMs = this.#decide(body, decision, random.next() * spreadMs);
    return { gid, type, decision, decidedMs: await decidedMs, registrations: await Promise.all(asked) };
  }

  async #register(gid: string, type: Type, branchId: string, afterMs: number): Promise<Registration> {
    // Not a wait for something to happen: this is the race.
    await pause(afterMs);
    const url = (op: string) => `${this.#service.url}/${op}`;
    const urls = type === 'tcc' ? { confirm: url('confirm'), cancel: url('cancel'), data: '' } : { url: url('xa') };
    const sentMs = performance.now();
    const { status } = await this.#post('registerBranch', { gid, trans_type: type, branch_id: branchId, ...urls });
    return { branchId, sentMs, status };
  }

  async #decide(body: object, decision: Decision, afterMs: number): Promise<number> {
    if (decision === 'time-out') return Number.POSITIVE_INFINITY;
    await pause(afterMs);
    const { status } = await this.#post(decision, body);
    assert.equal(status, 200, decision);
    return performance.now();
  }

  async #post(route: string, body: object) {
    const caller = this.#callers[this.#random.whole(0, this.#callers.length - 1)] ?? assert.fail();
    for (;;) {
      const answer = await caller.post(`/api/dtmsvr/${route}`, body);
      // Many changes of one row at two nodes: who loses too often is told to come again.
      if (answer.status !== 503) return answer;
      await pause(20);
    }
  }
}

interface Queried {
  readonly transaction: { readonly status: string };
  readonly branches: readonly { readonly branch_id: string; readonly op: string; readonly status: string }[];
}

/** What is wrong with how it ended, in sentences. */
function judged(
  { gid, type, decision, decidedMs, registrations }: Race,
  { transaction, branches }: Queried,
  calls: readonly string[],
): string[] {
  const wrong: string[] = [];
  const end = decision === 'submit' ? 'succeed' : 'failed';
  if (transaction.status !== end) wrong.push(`it is ${transaction.status}`);
  const op = { tcc: { submit: 'confirm', other: 'cancel' }, xa: { submit: 'commit', other: 'rollback' } }[type];
  const expectedOp = decision === 'submit' ? op.submit : op.other;
  const stored = new Set(branches.map(({ branch_id }) => branch_id));
  for (const { branchId, sentMs, status } of registrations) {
    const named = `branch ${branchId}, answered ${status}`;
    const called = calls.filter((call) => call.endsWith(` ${branchId}`));
    if (status === 200) {
      if (sentMs > decidedMs) wrong.push(`${named}: it came after the decision`);
      if (!stored.has(branchId)) wrong.push(`${named}: it is not stored`);
      if (called.join() !== `${expectedOp} ${branchId}`)
        wrong.push(`${named}: called [${called}] instead of ${expectedOp}`);
    } else if (status !== 409) wrong.push(`${named}: neither taken nor refused`);
    else if (called.length > 0 || stored.has(branchId))
      wrong.push(`${named}: called [${called}], stored ${stored.has(branchId)}`);
  }
  return wrong.map((text) => `${type} ${gid}, ${decision}: ${text}`);
}

for (const [kind, name] of [
  ['postgres', 'PostgreSQL'],
  ['mysql', 'MariaDB'],
] as const) {
  const programs = serverOf(kind);
  describe(`two coordinators on ${name}`, { skip: 'missing' in programs && programs.missing }, () => {
    it('a thousand registrations race with submit, abort and time-out: part of it, or refused', async (t) => {
      const seed = seedOfRun();
      t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
      await race(kind, seed, (line) => t.diagnostic(line));
    });
  });
}

async function race(kind: SharedKind, seed: number, tell: (line: string) => void): Promise<void> {
  const place = await newPlace(kind);
  const service = new ScriptedService();
  await service.start();
  const coordinators: Coordinator[] = [];
  const callers: HttpCaller[] = [];
  try {
    for (let node = 0; node < 2; node += 1) coordinators.push(await startCoordinator({ settings: place.settings }));
    callers.push(...coordinators.map(({ url }) => new HttpCaller(url)));
    const random = new Random(seed);
    const racers = new Racers(callers, random, service);
    const gids = Array.from({ length: transactions }, (_, index) => `race-${seed}-${index}`);
    const next = gids[Symbol.iterator]();
    const races: Race[] = [];
    const work = async () => {
      for (const gid of next) races.push(await racers.run(gid));
    };
    await Promise.all(Array.from({ length: 20 }, work));
    const wrong: string[] = [];
    for (const raced of races) {
      const ended = await untilEnded(callers, raced.gid);
      const calls = service.arrived
        .filter(({ query }) => query['gid'] === raced.gid)
        .map(({ query }) => `${query['op']} ${query['branch_id']}`);
      wrong.push(...judged(raced, ended, calls));
    }
    const statuses = races.flatMap(({ registrations }) => registrations.map(({ status }) => status));
    const taken = statuses.filter((status) => status === 200).length;
    tell(`${statuses.length} registrations: ${taken} are part of it, ${statuses.length - taken} were refused`);
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.ok(taken > 150 && statuses.length - taken > 150, 'there was a race');
  } finally {
    for (const caller of callers) caller.close();
    for (const coordinator of coordinators) await coordinator.stop();
    await service.stop();
    await place.leave();
  }
}

async function untilEnded(callers: readonly HttpCaller[], gid: string): Promise<Queried> {
  let queried: Queried | undefined;
  await until(`${gid} has ended`, async () => {
    const answer = await callers[0]?.get(`/api/dtmsvr/query?gid=${gid}`);
    queried = JSON.parse(answer?.text ?? '{}');
    return queried?.transaction.status === 'succeed' || queried?.transaction.status === 'failed';
  });
  return queried ?? assert.fail();
}
