import { randomUUID } from 'node:crypto';
import { uptime } from 'node:os';
import type { Runtime, Timer } from './engine/ports.ts';

/** The longest delay `setTimeout` takes, in ms; beyond it fires at once. */
const longestTimeoutMs = 2 ** 31 - 1;

const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const base = BigInt(alphabet.length);
const idCharacters = 22;

/** How long the machine must have slept to be believed: the time since it booted is known to a second or so. */
const leastSleepMs = 2000;
const sleepCheckMs = 500;

/**
 * A monotonic clock that goes on while the machine sleeps, as far as that can be known: `performance.now()` stands still
 * then. Elsewhere than on Linux the time since the boot follows the wall clock, and is not believed.
 */
export function wakingClock(
  now = () => performance.now(),
  sinceBootMs: (() => number) | undefined = process.platform === 'linux' ? () => uptime() * 1000 : undefined,
): () => number {
  if (sinceBootMs === undefined) return now;
  const bootedMs = sinceBootMs() - now();
  let sleptMs = 0;
  let checkedMs = now();
  return () => {
    const nowMs = now();
    if (nowMs - checkedMs >= sleepCheckMs) {
      checkedMs = nowMs;
      const missingMs = sinceBootMs() - nowMs - bootedMs;
      if (missingMs - sleptMs >= leastSleepMs) sleptMs = missingMs;
    }
    return nowMs + sleptMs;
  };
}

/** The real machine: its clocks, timers and chance. */
export const systemRuntime: Runtime = {
  wallMs: () => Date.now(),
  monotonicMs: wakingClock(),
  setTimer: (delayMs, action) => new MachineTimer(delayMs, action),
  soon: (action) => {
    setImmediate(action);
  },
  // For back-off and turns, not for secrets.
  random: () => Math.random(),
  newId: () => encodeId(BigInt(`0x${randomUUID().replaceAll('-', '')}`)),
};

/**
 * Arms again until the delay has really passed: where it is longer than one timeout can be, and where a timeout fires
 * early (they count whole milliseconds, the clock does not).
 */
class MachineTimer implements Timer {
  readonly #deadlineMs: number;
  readonly #action: () => void;
  #timeout: NodeJS.Timeout;

  constructor(delayMs: number, action: () => void) {
    const leftMs = Math.max(0, delayMs);
    this.#deadlineMs = performance.now() + leftMs;
    this.#action = action;
    this.#timeout = this.#arm(leftMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #arm(leftMs: number): NodeJS.Timeout {
    return setTimeout(fire, Math.min(Math.ceil(leftMs), longestTimeoutMs), this);
  }

  fire(): void {
    const leftMs = this.#deadlineMs - performance.now();
    if (leftMs > 0) this.#timeout = this.#arm(leftMs);
    else this.#action();
  }
}

const fire = (timer: MachineTimer) => timer.fire();

/** 128 bits in base 57, without the characters people mix up; always 22 characters. */
export function encodeId(bits: bigint): string {
  let id = '';
  let rest = bits;
  while (id.length < idCharacters) {
    id = alphabet.charAt(Number(rest % base)) + id;
    rest /= base;
  }
  return id;
}
