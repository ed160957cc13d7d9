import { type Defaults, noOptions, type Options } from '@holdfast/core';
import type { AskedTransaction } from '../coordinator.ts';

/** The defaults of dtm. For tests. */
export const defaults: Defaults = {
  requestTimeoutMs: 3000,
  retryIntervalMs: 10_000,
  timeoutToFailMs: 35_000,
  backoffCapMs: 600_000,
  alertAfterErrors: 3,
};

/** A saga of that many steps, `http://a/1` and `http://c/1` for the first. For tests. */
export function askedSaga(gid: string, steps: number, options: Partial<Options> = {}): AskedTransaction {
  return {
    gid,
    type: 'saga',
    protocol: 'http',
    steps: Array.from({ length: steps }, (_, index) => ({
      branchId: String(index + 1).padStart(2, '0'),
      action: `http://a/${index + 1}`,
      compensate: `http://c/${index + 1}`,
      payload: '{}',
    })),
    queryPrepared: '',
    options: { ...noOptions, ...options },
    customData: '',
  };
}

/** A prepared tcc, without branches. For tests. */
export function askedTcc(gid: string): AskedTransaction {
  return { ...askedSaga(gid, 0), type: 'tcc' };
}

/** A message of that many steps. For tests. */
export function askedMessage(gid: string, steps: number, queryPrepared = ''): AskedTransaction {
  const saga = askedSaga(gid, steps);
  return { ...saga, type: 'msg', queryPrepared, steps: saga.steps.map((step) => ({ ...step, compensate: '' })) };
}

/** A workflow with its callback. For tests. */
export function askedWorkflow(gid: string): AskedTransaction {
  const customData = JSON.stringify({ name: 'flow', data: '' });
  return { ...askedSaga(gid, 0), type: 'workflow', queryPrepared: 'http://callback', customData };
}
