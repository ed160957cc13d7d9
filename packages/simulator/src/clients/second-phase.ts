import { noOptions } from '@holdfast/core';
import type { AskedTransaction } from 'holdfast/engine/coordinator';
import type { Client } from './client.ts';

/** A tcc or an xa: nothing but its options is known before its branches register. */
export function planSecondPhase({ random }: Client, gid: string, type: 'tcc' | 'xa'): AskedTransaction {
  return {
    gid,
    type,
    protocol: 'http',
    steps: [],
    queryPrepared: '',
    options: {
      ...noOptions,
      waitResult: random.chance(0.2),
      timeoutToFailMs: random.chance(0.6) ? random.integer(3, 15) * 1000 : 0,
      requestTimeoutMs: random.chance(0.5) ? random.integer(500, 3000) : 0,
      retryIntervalMs: random.chance(0.7) ? random.integer(1, 5) * 1000 : 0,
    },
    customData: '',
  };
}
