import type { Store } from '../store/store.ts';
import type { EngineClock } from './clock.ts';
import {
  aheadText,
  behindText,
  type ClockRecord,
  clockKey,
  gapWarnedMs,
  holdMs,
  isJump,
  newRecord,
  purgeBeforeMs,
  runAheadText,
} from './clock-record.ts';
import type { ClockState } from './clock-state.ts';
import type { Runtime } from './ports.ts';
import { storedRecord } from './stored-clock.ts';

export interface ClockKeeperParts {
  readonly store: Pick<Store, 'clockMs' | 'getValue' | 'putValue' | 'deleteValue'>;
  readonly clock: EngineClock;
  readonly runtime: Pick<Runtime, 'wallMs' | 'monotonicMs'>;
  readonly retentionMs: number;
  warned(message: string): void;
}

/** How often the time is written where nothing else is: an idle coordinator must not look like one that was away. */
const writeEveryMs = { held: 60_000, usual: 600_000 } as const;

/**
 * Keeps engine time on a store for one process. Time starts at the later of the machine's clock and what is stored. Where
 * the clock is ahead of what is stored by more than the retention, nobody can tell a long outage from a wrong clock, and
 * what would follow cannot be taken back: history is purged, time-outs end what is open. Then time goes on from what is
 * stored until the clock is put right, somebody accepts it, or an hour of running has passed.
 */
export class ClockKeeper {
  readonly #parts: ClockKeeperParts;
  #record: ClockRecord = newRecord;
  #version = 0;
  #checkedMs: number;
  #writtenMs: number;
  #gapTold = false;

  constructor(parts: ClockKeeperParts) {
    this.#parts = parts;
    this.#checkedMs = parts.runtime.monotonicMs();
    this.#writtenMs = this.#checkedMs;
  }

  /** Engine time starts. */
  async begin(): Promise<void> {
    const { store, clock, runtime, retentionMs, warned } = this.#parts;
    const known = await storedRecord(store);
    this.#version = known.version;
    this.#record = known.record;
    const storedMs = Math.max(await store.clockMs(), this.#record.engineMs);
    const wallMs = runtime.wallMs();
    this.#checkedMs = runtime.monotonicMs();
    this.#writtenMs = this.#checkedMs;
    if (isJump(storedMs, wallMs, retentionMs)) {
      clock.startAt(storedMs);
      this.#record = { ...this.#record, held: this.#record.held ?? { fromMs: storedMs, ranMs: 0 } };
      warned(aheadText(storedMs, wallMs));
      return;
    }
    clock.startAt(Math.max(wallMs, storedMs));
    this.#record = { ...this.#record, held: null };
    this.#gapTold = storedMs - wallMs > gapWarnedMs;
    if (this.#gapTold) warned(behindText(storedMs, wallMs));
  }

  /** To be called again and again. */
  async check(): Promise<void> {
    const { clock, runtime, retentionMs } = this.#parts;
    const atMs = runtime.monotonicMs();
    const passedMs = atMs - this.#checkedMs;
    this.#checkedMs = atMs;
    const { held } = this.#record;
    if (held === null) this.#tellGap(clock.nowMs(), runtime.wallMs());
    else {
      const ranMs = held.ranMs + passedMs;
      this.#record = { ...this.#record, held: { ...held, ranMs } };
      if (!isJump(clock.nowMs(), runtime.wallMs(), retentionMs)) await this.#release('was put right', null);
      else if (ranMs >= holdMs) await this.accept('an hour of running has passed');
    }
    const everyMs = this.#record.held === null ? writeEveryMs.usual : writeEveryMs.held;
    if (atMs - this.#writtenMs >= everyMs) await this.#write(clock.nowMs());
  }

  /** Engine time goes on from the machine's clock. False: it does already. */
  async accept(why: string): Promise<boolean> {
    const { held } = this.#record;
    if (held === null) return false;
    await this.#release(`is accepted: ${why}`, held.fromMs);
    return true;
  }

  state(): ClockState {
    const { clock, runtime } = this.#parts;
    const [nowMs, wallMs] = [clock.nowMs(), runtime.wallMs()];
    const { held } = this.#record;
    if (held === null) return { nowMs, wallMs, held: undefined };
    const ranMs = held.ranMs + (runtime.monotonicMs() - this.#checkedMs);
    const leftMs = Math.max(0, Math.round(holdMs - ranMs));
    return { nowMs, wallMs, held: { fromMs: held.fromMs, leftMs, incident: aheadText(nowMs, wallMs) } };
  }

  /** Transactions that ended before this time may be deleted. */
  purgeBeforeMs(): number {
    return purgeBeforeMs(this.#record, this.#parts.clock.nowMs(), this.#parts.retentionMs);
  }

  /** Written first: a kill in between finds time where it went, and not held any more. */
  async #release(what: string, acceptedFromMs: number | null): Promise<void> {
    const { clock, runtime, warned } = this.#parts;
    const toMs = Math.max(clock.nowMs(), runtime.wallMs());
    const accepted = acceptedFromMs === null ? this.#record.accepted : { fromMs: acceptedFromMs, toMs };
    await this.#write(toMs, { ...this.#record, held: null, accepted });
    clock.moveTo(toMs);
    warned(`the clock of this machine ${what}; time goes on from ${new Date(toMs).toISOString()}`);
  }

  async #write(engineMs: number, record: ClockRecord = this.#record): Promise<void> {
    const { store, runtime } = this.#parts;
    const next = { ...record, engineMs };
    if (!(await store.putValue(clockKey.category, clockKey.name, JSON.stringify(next), this.#version, engineMs))) {
      // An earlier write of ours, whose answer was lost: this one is done at the next turn.
      this.#version = (await storedRecord(store)).version;
      throw new Error('the time of the coordinator was not written; it is tried again');
    }
    this.#version += 1;
    this.#record = next;
    this.#writtenMs = runtime.monotonicMs();
  }

  /** Once each time they part by more than a minute. */
  #tellGap(nowMs: number, wallMs: number): void {
    const isApart = Math.abs(wallMs - nowMs) > gapWarnedMs;
    if (isApart && !this.#gapTold) {
      this.#parts.warned(
        wallMs > nowMs ? runAheadText(nowMs, wallMs, this.#parts.retentionMs) : behindText(nowMs, wallMs),
      );
    }
    this.#gapTold = isApart;
  }
}
