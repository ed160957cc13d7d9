import type { Coordinator } from './coordinator.ts';
import { DecisionProbe } from './decision-probe.ts';
import { HttpCaller } from './http.ts';
import { Load } from './load.ts';
import { Countdown, type Moment } from './moment.ts';
import { type ArrivedCall, Participant } from './participant.ts';
import { Random } from './random.ts';
import { Resumption } from './resumption.ts';
import { until } from './until.ts';

const clients = 48;
/** The whole trial: a coordinator that dies again and again, clients, a participant that does not die, and witnesses. */
export class KillTrial {
  readonly random: Random;
  readonly participant = new Participant();
  readonly resumption = new Resumption(this.participant);
  readonly countdown = new Countdown();
  readonly coordinator: Coordinator;
  readonly http: HttpCaller;
  readonly load: Load;
  readonly probe: DecisionProbe;
  readonly #resumesWithinMs: number;

  /** @param resumesWithinMs how long what was in flight may wait for the next life, once that is ready */
  constructor(coordinator: Coordinator, seed: number, resumesWithinMs: number) {
    this.#resumesWithinMs = resumesWithinMs;
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
    this.probe = new DecisionProbe((gid) => this.load.query(gid));
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
      this.#resumesWithinMs,
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
    this.probe.called(call);
  }
}

/** Rejects as the start does; never resolves. */
function failureOf(started: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    started.catch(reject);
  });
}
