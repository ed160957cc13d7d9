import { noOptions, type Options, type Step } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Client } from './client.ts';

/** A transfer over several banks; some refuse. */
export function planSaga(client: Client, gid: string): AskedTransaction {
  const { random } = client;
  const count = random.weighted({ one: 1, few: 6, many: 1 });
  const steps = count === 'one' ? 1 : random.integer(2, count === 'few' ? 4 : 9);
  const refusing = random.chance(0.35) ? random.integer(0, steps - 1) : -1;
  return {
    gid,
    type: 'saga',
    protocol: 'http',
    steps: Array.from({ length: steps }, (_, index) => planStep(client, index, index === refusing)),
    queryPrepared: '',
    options: planOptions(client, gid),
    customData: planCustomData(client, steps),
  };
}

function planStep(client: Client, index: number, refuse: boolean): Step {
  const host = client.bank();
  const way = client.random.chance(0.5) ? 'out' : 'in';
  const hasCompensation = client.random.chance(0.97) || way === 'in';
  return {
    branchId: String(index + 1).padStart(2, '0'),
    action: `http://${host}/${way}`,
    compensate: hasCompensation ? `http://${host}/${way}-undo` : '',
    payload: client.order(refuse),
  };
}

function planOptions(client: Client, gid: string): Options {
  const { random, parts } = client;
  return {
    ...noOptions,
    waitResult: random.chance(0.3),
    timeoutToFailMs: random.chance(parts.timeoutShare) ? random.integer(2, 25) * 1000 : 0,
    requestTimeoutMs: planRequestTimeout(client),
    retryIntervalMs: random.chance(0.7) ? random.integer(1, 5) * 1000 : 0,
    branchHeaders: random.chance(0.3) ? { 'x-gid': gid } : {},
    retryLimit: random.chance(0.2) ? random.integer(1, 3) : 0,
  };
}

/** A few wait for so long that an operator loses patience. */
function planRequestTimeout({ random }: Client): number {
  if (random.chance(0.08)) return random.integer(15, 40) * 1000;
  return random.chance(0.5) ? random.integer(500, 3000) : 0;
}

/** Serial; or concurrent, with or without orders; or serial with an order on top, which says nothing new. */
function planCustomData({ random }: Client, steps: number): string {
  const shape = random.weighted({ serial: 4, ordered: 3, free: 2, both: 1 });
  if (shape === 'serial') return '';
  if (shape === 'free') return JSON.stringify({ concurrent: true });
  const orders: Record<string, number[]> = {};
  for (let later = 1; later < steps; later += 1) {
    const earlier = Array.from({ length: later }, (_, step) => step).filter(() => random.chance(0.4));
    if (earlier.length > 0) orders[String(later)] = earlier;
  }
  return JSON.stringify({ concurrent: shape === 'ordered', orders });
}

/** Submits it, at times after a prepare; some clients die in between, some change their mind. */
export async function runSaga(client: Client, asked: AskedTransaction): Promise<void> {
  const { random } = client;
  if (random.chance(0.2)) {
    const prepared = await client.prepare(asked);
    if (prepared.kind !== 'done') return;
    await client.think(3000);
    if (random.chance(0.15)) return;
    if (random.chance(0.15)) {
      await client.raceSubmitAndAbort(asked);
      return;
    }
    if (random.chance(0.2)) {
      await client.abort(asked);
      return;
    }
  }
  const submitted = client.submit(asked);
  const isLong = asked.options.requestTimeoutMs > 10_000;
  if (random.chance(isLong ? 0.8 : 0.06)) {
    await client.think(6000);
    if (isLong && random.chance(0.3)) await client.stop(asked);
    else await client.rollBack(asked);
  }
  await submitted;
  if (random.chance(0.15)) {
    await client.think(8000);
    await client.submit(asked);
  }
}
