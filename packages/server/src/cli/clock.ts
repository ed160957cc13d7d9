import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Settings } from '../config/schema.ts';
import { setClockBack as correctClock } from '../engine/set-back.ts';
import { storedClockMs } from '../engine/stored-clock.ts';
import { type Address, askFor } from './ask.ts';
import { confirm } from './confirm.ts';
import { CommandError } from './error.ts';
import { openFailure } from './failures.ts';
import type { Output } from './operate.ts';
import { plain } from './plain.ts';

/** Less is not worth it: time stands still for so long. */
const leastSetBackMs = 60_000;

/** Prints where time stands. */
export async function showClock(address: Address, { json = false }: Output): Promise<void> {
  const clock = await askFor(address, 'GET', '/api/v1/clock');
  if (json) {
    console.log(JSON.stringify(clock, undefined, 2));
    return;
  }
  const { time, machineTime, machineAheadMs, acceptedAfterMs, incident } = clock;
  const aheadMs = Number(machineAheadMs);
  const gap = Math.abs(aheadMs) < 1000 ? 'in step' : `${length(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`;
  console.log(plain(`coordinator  ${String(time)}`));
  console.log(plain(`machine      ${String(machineTime)}  ${gap}`));
  if (incident === '') return;
  console.log(plain(String(incident)));
  console.log(`it is accepted after ${length(Number(acceptedAfterMs))} more of running`);
}

/** Time follows the clock of the machine. */
export async function acceptClock(address: Address): Promise<void> {
  const { accepted, time } = await askFor(address, 'POST', '/api/v1/clock/accept');
  if (accepted === true) console.log(plain(`the clock is accepted: time goes on from ${String(time)}`));
  else console.log('time already follows the clock of the machine: there is nothing to accept');
}

export interface SetBackOptions {
  readonly yes?: boolean;
}

/**
 * The coordinator is stopped. What was written by a clock that was ahead is corrected, and time goes on from the clock of
 * the machine.
 */
export async function setClockBack(settings: Settings, { yes = false }: SetBackOptions): Promise<void> {
  const { SqliteStore } = await import('../store/sqlite/sqlite-store.ts');
  const dataDir = resolve(settings.dataDir);
  if (!existsSync(dataDir)) throw new CommandError(`${dataDir}: there is no such folder`);
  const store = new SqliteStore({ dataDir });
  await store.open().catch((cause: unknown) => {
    throw openFailure(cause, settings);
  });
  try {
    const [storedMs, wallMs] = [await storedClockMs(store), Date.now()];
    if (storedMs - wallMs < leastSetBackMs) {
      console.log('the stored time is not ahead of the clock of this machine: there is nothing to set back');
      return;
    }
    const [stored, wall] = [storedMs, wallMs].map((ms) => new Date(ms).toISOString());
    const question = `The stored time is ${stored}. The clock of this machine says ${wall}: is it right?
Times after that time are taken to be ${length(storedMs - wallMs)} too late, and are corrected. Make a backup first.`;
    if (!yes) await confirm(question);
    const changed = await correctClock(store, wallMs);
    console.log(`the stored time is ${wall} now; ${changed} transactions were corrected`);
  } finally {
    await store.close();
  }
}

/** `364 d 23 h`, `12 min`. */
function length(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return `${minutes} min`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
