import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Coordinator, startCoordinator } from '../lib/coordinator.ts';
import { distribution, percentile } from '../lib/figures.ts';
import { HttpCaller } from '../lib/http.ts';
import { Load } from '../lib/load.ts';
import { Countdown, type Moment, randomMoment } from '../lib/moment.ts';
import { type ArrivedCall, Participant } from '../lib/participant.ts';
import { Random, seedOfRun } from '../lib/random.ts';
import { Resumption } from '../lib/resumption.ts';
import { settleAndAudit } from '../lib/settle.ts';
import { until } from '../lib/until.ts';

/** How often the coordinator is killed; more for a soak. */
const rounds = Number(process.env['HOLDFAST_TEST_ROUNDS'] ?? 24);
const clients = 48;
/** One in so many second-phase calls looks whether the decision is durable. */
const probeEvery = 10;

const legalStatus: Readonly<Record<string, readonly string[]>> = {
  compensate: ['aborting', 'failed'],
  cancel: ['aborting', 'failed'],
  confirm: ['submitted', 'succeed'],
  rollback: ['aborting', 'failed'],
  commit: ['submitted', 'succeed'],
};

/** The whole trial: a coordinator that dies again and again, clients, a participant that does not die, and witnesses. */
class Trial {
  readonly random: Random;
  readonly participant = new Participant();
  readonly resumption = new Resumption(this.participant);
  readonly countdown = new Countdown();
  readonly coordinator: Coordinator;
  readonly http: HttpCaller;
  readonly load: Load;
  readonly undecided: string[] = [];
  probes = 0;
  #secondPhases = 0;

  constructor(coordinator: Coordinator, seed: number) {
    this.random = new Random(seed);
    this.coordinator = coordinator;
    this.http = new HttpCaller(coordinator.url);
    this.load = new Load({
      http: this.http,
      participant: this.participant,
      random: this.random,
      clients,
      gidPrefix: `kill-${seed}-`,
    });
    this.participant.onCall = (call) => this.#called(call);
    const { onCallback } = this.participant;
    this.participant.onCallback = (gid) => {
      this.countdown.called({ op: 'transfer' });
      return onCallback(gid);
    };
  }

  /** One life of the coordinator, from its start to its violent end. */
  async live(moment: Moment): Promise<void> {
    const started = this.coordinator.start().then(() => {
      this.resumption.ready();
      this.load.gate.open();
    });
    switch (moment.at) {
      case 'start-up':
        // Not a wait for something to happen: this is the fault, and its moment is a time.
        await Promise.race([started, new Promise((resolve) => setTimeout(resolve, moment.afterMs))]);
        break;
      case 'recovery':
        await Promise.race([this.countdown.wait(moment.calls), failureOf(started)]);
        break;
      case 'load':
        await started;
        await this.untilResumed();
        await this.countdown.wait(moment.calls);
        break;
      case 'operation':
        await started;
        await this.countdown.wait(moment.calls, moment.op);
        break;
      default:
        moment satisfies never;
    }
    await this.#kill(started);
  }

  /** The life that is not cut: everything must end. */
  async lastLife(): Promise<void> {
    await this.coordinator.start();
    this.resumption.ready();
    this.load.gate.open();
    await this.untilResumed();
  }

  /** What was in flight is called again, unless it ended without. */
  async untilResumed(): Promise<void> {
    await until(
      'what was in flight is called again',
      async () => {
        const waiting = this.resumption.waiting.slice(0, 5);
        for (const gid of waiting) {
          const { transaction } = await this.load.query(gid);
          if (transaction?.status === 'succeed' || transaction?.status === 'failed') this.resumption.ended(gid);
        }
        return this.resumption.waiting.length === 0;
      },
      10_000,
    );
  }

  async #kill(started: Promise<void>): Promise<void> {
    this.resumption.killed();
    this.load.gate.close();
    // A start that is cut off fails, as it must.
    started.catch(() => undefined);
    await this.coordinator.kill();
    this.resumption.gone();
  }

  #called(call: ArrivedCall): void {
    this.countdown.called(call);
    this.resumption.called(call);
    const legal = legalStatus[call.op];
    if (legal === undefined) return;
    this.#secondPhases += 1;
    if (this.#secondPhases % probeEvery === 0) void this.#probe(call, legal);
  }

  /** Decide, then act: the status that calls for this operation must be durable when the call arrives. */
  async #probe({ gid, op }: ArrivedCall, legal: readonly string[]): Promise<void> {
    try {
      const { transaction } = await this.load.query(gid);
      this.probes += 1;
      if (!legal.includes(transaction?.status ?? '')) this.undecided.push(`${gid}: ${op} while ${transaction?.status}`);
    } catch {
      // Killed between the call and the question; there are other probes.
    }
  }
}

/** Rejects as the start does; never resolves. */
function failureOf(started: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    started.catch(reject);
  });
}

it(`survives ${rounds} times kill -9 under load`, { timeout: 120_000 + rounds * 20_000 }, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`HOLDFAST_TEST_SEED=${seed}`);
  const coordinator = await startCoordinator();
  const trial = new Trial(coordinator, seed);
  const { load, participant, random, resumption } = trial;
  const moments: Moment[] = [];
  await participant.start();
  try {
    load.start();
    // The first life is over before it had anything to do; its folder and port are those of all that follow.
    await coordinator.kill();
    for (let round = 0; round < rounds; round += 1) {
      const moment = randomMoment(random, round);
      moments.push(moment);
      await trial.live(moment);
    }
    await trial.lastLife();
    await load.stop();
    const wrong = await settleAndAudit(load, participant, 60_000);
    const counts = (['start-up', 'recovery', 'load', 'operation'] as const).map(
      (at) => `${at} ${moments.filter((moment) => moment.at === at).length}`,
    );
    t.diagnostic(`killed ${rounds} times (${counts.join(', ')})`);
    t.diagnostic(`${load.notes.length} transactions, ${load.client.acknowledged} acknowledged requests`);
    t.diagnostic(`${participant.callCount} branch calls, ${trial.probes} probed for decide-then-act`);
    t.diagnostic(`resumed after ready: ${distribution(resumption.delaysMs)}`);
    t.diagnostic(`resumed after the kill, the start included: ${distribution(resumption.sinceKillMs)}`);
    assert.deepEqual([...wrong, ...trial.undecided].slice(0, 20), []);
    assert.doesNotMatch(coordinator.logs, /Warning:|[Uu]nhandled|internal error/, 'it complained about itself');
    assert.ok(load.notes.length > rounds * 10, 'there was hardly any load');
    assert.ok(resumption.delaysMs.length > rounds, 'hardly anything was in flight when it was killed');
    // On a machine that does nothing else it is within a second; what waited for its interval would take ten.
    assert.ok(percentile(resumption.delaysMs, 1) < 5000, 'what was in flight resumes at once');
  } catch (error) {
    t.diagnostic(coordinator.logs.slice(-8000));
    throw error;
  } finally {
    await coordinator.stop();
    await load.abandon();
    trial.http.close();
    await participant.stop();
  }
});
