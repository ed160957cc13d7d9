import type { Random } from '../kernel/random.ts';
import type { Scheduler } from '../kernel/scheduler.ts';
import type { Statistics } from '../kernel/statistics.ts';
import {
  broken,
  hostOf,
  type LongService,
  ongoing,
  failure as refusal,
  type Service,
  type ServiceAnswer,
  type ServiceRequest,
} from './request.ts';
import type { NetworkWeather } from './weather.ts';

export type NetworkAnswer =
  | { readonly kind: 'answered'; readonly answer: ServiceAnswer }
  | { readonly kind: 'refused' }
  | { readonly kind: 'timed-out' };

/** Who calls: an answer reaches it in its own turn, or never where it is gone. */
export interface CallingSide {
  readonly isAlive: boolean;
  after(delayMs: number, action: () => void): void;
}

export interface NetworkParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly weather: NetworkWeather;
  readonly statistics: Statistics;
  readonly services: ReadonlyMap<string, Service | LongService>;
  readonly arrived: (request: ServiceRequest, answer: ServiceAnswer) => void;
}

const usualMs = [1, 60] as const;
const slowMs = [300, 6000] as const;
const secondPhases: ReadonlySet<string> = new Set(['compensate', 'confirm', 'cancel', 'commit', 'rollback']);
/** A duplicate may come this much later. */
const latestMs = 20_000;

/** How a connection ends while it has a call. */
export interface Closing {
  /** When the caller sees it, from the writing on. */
  readonly seenMs: number;
  /** The service has got the call, and dies over it. */
  readonly arrives: boolean;
}

/** Carries calls to services and answers back, with delays that reorder them. */
export class Network {
  readonly #parts: NetworkParts;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** `done` is called once, at the latest after `timeoutMs`, if the caller still lives. */
  call(request: ServiceRequest, side: CallingSide, timeoutMs: number, done: (answer: NetworkAnswer) => void): void {
    const { weather, random, statistics } = this.#parts;
    let isOver = false;
    const end = (answer: NetworkAnswer) => {
      if (isOver) return;
      isOver = true;
      done(answer);
    };
    const host = hostOf(request.url);
    if (weather.down.has(host)) {
      statistics.count('call refused');
      side.after(random.between(0.5, 5), () => end({ kind: 'refused' }));
      return;
    }
    side.after(timeoutMs, () => {
      if (!isOver) statistics.count('call timed out');
      end({ kind: 'timed-out' });
    });
    this.#sendOut(request, side, (answer) => {
      if (isOver) statistics.count('answer too late');
      end({ kind: 'answered', answer });
    });
  }

  /** How long it takes until a connection is there. */
  connectMs(): number {
    const { weather, random, statistics } = this.#parts;
    if (!random.chance(weather.faults.slowConnect)) return random.between(0.1, 20);
    statistics.count('connected slowly');
    return random.skewed(...slowMs);
  }

  /** What becomes of a connection that has served before, now that a call is written on it; undefined: it serves on. */
  closing(): Closing | undefined {
    const { weather, random, statistics } = this.#parts;
    if (!random.chance(weather.faults.closes)) return undefined;
    const arrives = random.chance(0.3);
    statistics.count(arrives ? 'connection lost during a call' : 'connection was closing');
    return { arrives, seenMs: arrives ? random.between(150, 1500) : random.between(0.1, 90) };
  }

  /** A call whose answer will never come. */
  arrive(request: ServiceRequest, side: CallingSide): void {
    this.#arrive(this.#parts.random.between(1, 60), request, side, () => undefined);
  }

  #sendOut(request: ServiceRequest, side: CallingSide, answered: (answer: ServiceAnswer) => void): void {
    const { weather, random, statistics } = this.#parts;
    const { requestLost, duplicated } = weather.faults;
    if (random.chance(duplicated)) {
      statistics.count('request duplicated');
      this.#arrive(random.skewed(1, latestMs), request, side, () => undefined);
    }
    if (weather.silent.has(hostOf(request.url)) || random.chance(requestLost)) {
      statistics.count('request lost');
      return;
    }
    this.#arrive(this.#legMs(), request, side, (answer) => {
      if (random.chance(weather.faults.answerLost)) {
        statistics.count('answer lost');
        return;
      }
      side.after(this.#legMs(), () => answered(answer));
    });
  }

  #arrive(delayMs: number, request: ServiceRequest, side: CallingSide, then: (answer: ServiceAnswer) => void): void {
    const { scheduler, random, statistics, arrived } = this.#parts;
    scheduler.after(delayMs, () => {
      if (!side.isAlive) {
        const isLost = random.chance(0.3);
        statistics.count(`call of a dead caller ${isLost ? 'lost' : 'arrived'}`);
        if (isLost) return;
      }
      this.#serve(request, (answer) => {
        arrived(request, answer);
        then(answer);
      });
    });
  }

  #serve(request: ServiceRequest, then: (answer: ServiceAnswer) => void): void {
    const service = this.#parts.services.get(hostOf(request.url));
    if (service === undefined) {
      then(broken('no such host'));
      return;
    }
    const trouble = this.#troubleWith(request);
    if (trouble !== undefined) then(trouble);
    else if ('work' in service) void service.work(request).then((answer) => then(this.#afterwards(answer)));
    else then(this.#afterwards(service.handle(request)));
  }

  /** What goes wrong before the service has done anything. */
  #troubleWith({ op }: ServiceRequest): ServiceAnswer | undefined {
    const { weather, random, statistics } = this.#parts;
    const { errorBefore, ongoing: ongoingRate, refusesSecondPhase } = weather.faults;
    if (random.chance(errorBefore)) {
      statistics.count('error before effect');
      return broken('before');
    }
    if (random.chance(ongoingRate)) {
      statistics.count('answered ongoing');
      return ongoing;
    }
    if (secondPhases.has(op) && random.chance(refusesSecondPhase)) {
      statistics.count('second phase refused');
      return refusal('not now');
    }
    return undefined;
  }

  #afterwards(answer: ServiceAnswer): ServiceAnswer {
    const { weather, random, statistics } = this.#parts;
    if (answer.statusCode === 409) statistics.count('answered failure');
    if (!random.chance(weather.faults.errorAfter)) return answer;
    statistics.count('error after effect');
    return broken('after');
  }

  #legMs(): number {
    const { random, weather } = this.#parts;
    return random.chance(weather.faults.slow) ? random.skewed(...slowMs) : random.skewed(...usualMs);
  }
}
