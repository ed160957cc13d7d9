import type { Coordinator } from './coordinator.ts';
import { HttpCaller } from './http.ts';
import { Load } from './load.ts';
import { Countdown, type Moment } from './moment.ts';
import { type ArrivedCall, Participant } from './participant.ts';
import { Random } from './random.ts';
import { Resumption } from './resumption.ts';
import { until } from './until.ts';

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
export class KillTrial {
  readonly random: Random;
  readonly participant = new Participant();
  readonly resumption = new Resumption(this.participant);
  readonly countdown = new Countdown();
  readonly coordinator: Coordinator;
  readonly http: HttpCaller;
  readonly load: Load;
  readonly undecided: string[] = [];
  probes = 0;
  readonly #resumesWithinMs: number;
  #secondPhases = 0;

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
