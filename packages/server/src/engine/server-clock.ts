import type { EngineClock } from './clock.ts';
import type { HeldClock } from './clock-state.ts';
import type { Runtime } from './ports.ts';
import type { SharedJump } from './shared-jump.ts';

/** Stores tell their clocks in whole milliseconds. */
const roundingMs = 1;
/** How much a measurement loses for each millisecond of age: far more than any clock drifts. */
const ageingPerMs = 0.001;
/** A larger difference is a jump. */
const jumpMs = 10_000;
/** A machine slept whose own clock tells so too, within this. */
const sleptWithinMs = 1000;
/** A jump is followed once it has stood for so long. */
export const standsMs = 60_000;

export interface ServerClockParts {
  readonly clock: EngineClock;
  readonly runtime: Pick<Runtime, 'monotonicMs' | 'wallMs'>;
  warned(message: string): void;
}

/** The clock of the server has jumped, and time does not follow yet. */
interface Jump {
  /** Where it would lead, from monotonic time. */
  readonly offsetMs: number;
  /** Monotonic time when it was found. */
  readonly sinceMs: number;
  /** Engine time when it was found. */
  readonly fromMs: number;
}

/**
 * Lets engine time follow the clock of a shared store, as heartbeats tell it. What is a little off is followed
 * smoothly. After a jump nobody can tell a clock that was put right from one that is wrong now, such as that of a replica
 * which took over, and what would follow cannot be taken back: time-outs end what is open, history is purged. So time goes
 * on without it until it has stood for a minute, or somebody accepts it.
 */
export class ServerClock {
  readonly #parts: ServerClockParts;
  /** How wrong the offset may be, when it was measured. */
  #errorMs = Number.POSITIVE_INFINITY;
  #measuredMs = 0;
  /** From monotonic time to the wall clock of this machine, then. */
  #wallOffsetMs = 0;
  #jump: Jump | undefined;

  constructor(parts: ServerClockParts) {
    this.#parts = parts;
  }

  /**
   * The first measurement: engine time starts there.
   * @param told what others know of a jump of that clock: engine time starts where theirs is
   */
  begin(storeMs: number, sentMs: number, receivedMs: number, told?: SharedJump): void {
    const offsetMs = storeMs - (sentMs + receivedMs) / 2;
    const engineOffsetMs = offsetMs - (told?.aheadMs ?? 0);
    this.#parts.clock.startAt(receivedMs + engineOffsetMs);
    this.#accept(engineOffsetMs, receivedMs, (receivedMs - sentMs) / 2);
    if (told === undefined) return;
    const nowMs = this.#parts.clock.nowMs();
    this.#jump = { offsetMs, sinceMs: told.sinceServerMs - offsetMs, fromMs: nowMs };
    this.#parts.warned(jumpText(receivedMs + offsetMs, nowMs));
  }

  /**
   * The server's clock showed `storeMs` somewhere in a round trip between these two monotonic times. A slow round trip
   * tells little: it counts only where it is better than what is known, which ages, or shows that what is known is
   * wrong: one of the clocks stood still or was set.
   */
  measure(storeMs: number, sentMs: number, receivedMs: number): void {
    const { clock } = this.#parts;
    const errorMs = (receivedMs - sentMs) / 2;
    const offsetMs = storeMs - (sentMs + receivedMs) / 2;
    const knownErrorMs = this.#errorMs + (receivedMs - this.#measuredMs) * ageingPerMs;
    const isContradiction = Math.abs(offsetMs - clock.offsetMs) > errorMs + knownErrorMs + roundingMs;
    const hasSlept = this.#hasSlept(offsetMs - clock.offsetMs);
    if (Math.abs(offsetMs - clock.offsetMs) > jumpMs && !hasSlept) {
      this.#hold(offsetMs, receivedMs);
      return;
    }
    this.#forgetJump('was put right');
    if (errorMs > knownErrorMs && !isContradiction) return;
    if (hasSlept) clock.moveTo(receivedMs + offsetMs);
    this.#accept(offsetMs, receivedMs, errorMs);
  }

  /** The next measurement counts, however slow: the monotonic clock may have stood still. */
  forget(): void {
    this.#errorMs = Number.POSITIVE_INFINITY;
  }

  /** Somebody says that the clock is right now. False: time follows it already. */
  accept(why: string): boolean {
    if (this.#jump === undefined) return false;
    this.#follow(this.#jump, why);
    return true;
  }

  /** For those that start while time does not follow the clock. */
  get jump(): SharedJump | undefined {
    const jump = this.#jump;
    if (jump === undefined) return undefined;
    const { offsetMs, sinceMs } = jump;
    return { aheadMs: offsetMs - this.#parts.clock.offsetMs, sinceServerMs: Math.round(sinceMs + offsetMs) };
  }

  /** Undefined: time follows the clock. */
  get held(): HeldClock | undefined {
    const jump = this.#jump;
    if (jump === undefined) return undefined;
    const { clock, runtime } = this.#parts;
    const atMs = runtime.monotonicMs();
    const leftMs = Math.max(0, Math.round(standsMs - (atMs - jump.sinceMs)));
    return { fromMs: jump.fromMs, leftMs, incident: jumpText(atMs + jump.offsetMs, clock.nowMs()) };
  }

  /** While this machine slept its monotonic clock stood still; its wall clock tells as well that time has passed. */
  #hasSlept(byMs: number): boolean {
    return byMs > sleptWithinMs && Math.abs(byMs - (this.#wallOffset() - this.#wallOffsetMs)) <= sleptWithinMs;
  }

  #hold(offsetMs: number, atMs: number): void {
    const { clock, warned } = this.#parts;
    if (this.#jump === undefined || Math.abs(offsetMs - this.#jump.offsetMs) > jumpMs) {
      const isFirst = this.#jump === undefined;
      this.#jump = { offsetMs, sinceMs: atMs, fromMs: this.#jump?.fromMs ?? clock.nowMs() };
      if (isFirst) warned(jumpText(atMs + offsetMs, clock.nowMs()));
    } else if (atMs - this.#jump.sinceMs >= standsMs)
      this.#follow({ ...this.#jump, offsetMs }, 'it has stood for a minute');
  }

  #follow({ offsetMs }: Jump, why: string): void {
    const { clock, runtime } = this.#parts;
    const atMs = runtime.monotonicMs();
    if (atMs + offsetMs > clock.nowMs()) clock.moveTo(atMs + offsetMs);
    this.#accept(offsetMs, atMs, Number.POSITIVE_INFINITY);
    this.#forgetJump(`is followed: ${why}`);
  }

  #accept(offsetMs: number, atMs: number, errorMs: number): void {
    this.#errorMs = errorMs;
    this.#measuredMs = atMs;
    this.#wallOffsetMs = this.#wallOffset();
    this.#parts.clock.steer(offsetMs);
  }

  #forgetJump(what: string): void {
    if (this.#jump === undefined) return;
    this.#jump = undefined;
    this.#parts.warned(`the clock of the store's server ${what}`);
  }

  #wallOffset(): number {
    const { runtime } = this.#parts;
    return runtime.wallMs() - runtime.monotonicMs();
  }
}

const text = (ms: number) => new Date(Math.round(ms)).toISOString();

function jumpText(serverMs: number, nowMs: number): string {
  const where = serverMs > nowMs ? 'ahead of' : 'behind';
  const next =
    serverMs > nowMs
      ? 'time follows it'
      : "time goes on from the coordinator's, a tenth slower until the clock is there";
  return (
    `the clock of the store's server (${text(serverMs)}) has jumped and is ${where} the coordinator's time (${text(nowMs)}): ` +
    `time goes on without it; put the clock right, or run holdfast clock accept if it is right; when it has stood for a minute, ${next}`
  );
}
