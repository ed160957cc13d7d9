import { type Address, askFor } from './ask.ts';
import type { Output } from './operate.ts';
import { plain } from './plain.ts';

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
  else console.log('time follows the clock of the machine already: there is nothing to accept');
}

/** `364 d 23 h`, `12 min`. */
function length(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return `${minutes} min`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
