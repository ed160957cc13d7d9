import { createTransaction, noOptions, type Progress } from '@holdfast/core';
import type { CreateWrite, Store } from 'holdfast/store/store';
import { scattered } from './load/kinds.ts';

const batchRows = 500;
/** As the settings have them. */
export const defaults = {
  requestTimeoutMs: 3000,
  retryIntervalMs: 10_000,
  timeoutToFailMs: 35_000,
  backoffCapMs: 600_000,
  alertAfterErrors: 3,
};

/** Puts finished sagas into a store that is not open yet, as if they had ended over the last hour, and closes it. */
export async function fillStore(store: Store, count: number): Promise<void> {
  const nowMs = Date.now();
  const firstMs = nowMs - 3_600_000;
  await store.open();
  for (let from = 0; from < count; from += batchRows) {
    const rows = Math.min(batchRows, count - from);
    const batch = Array.from({ length: rows }, (_, index) =>
      finishedSaga(from + index, Math.round(firstMs + ((from + index) / count) * 3_500_000)),
    );
    await store.commit(batch);
  }
  await store.close();
}

/** Of two branches, submitted and not driven yet; due a while after it was created. */
export function dueSaga(gid: string, createdMs: number): CreateWrite {
  const step = (branchId: string, name: string, account: number) => ({
    branchId,
    action: `http://127.0.0.1:1/${name}`,
    compensate: `http://127.0.0.1:1/${name}Revert`,
    payload: `{"account":${account},"amount":30}`,
  });
  const { definition, progress } = createTransaction(
    {
      gid,
      type: 'saga',
      protocol: 'http',
      steps: [step('01', 'out', 1), step('02', 'in', 2)],
      queryPrepared: '',
      options: { ...noOptions, waitResult: true },
      customData: '',
      createdMs,
    },
    'submitted',
    defaults,
  );
  return { kind: 'create', gid, token: `stored:${gid}`, definition, owner: null, progress };
}

/** What became of it when both branches said SUCCESS. */
export function finished(progress: Progress): Progress {
  const { updatedMs } = progress;
  const attempt = (operation: number) =>
    ({ operation, atMs: updatedMs + 1, durationMs: 1, outcome: 'success', reason: '' }) as const;
  return {
    ...progress,
    status: 'succeed',
    operations: 'spsp',
    attempts: [attempt(0), attempt(2)],
    attemptCount: 2,
    updatedMs: updatedMs + 5,
    finishedMs: updatedMs + 5,
  };
}

function finishedSaga(index: number, createdMs: number): CreateWrite {
  const saga = dueSaga(`${scattered(index)}stored${index}`, createdMs);
  return { ...saga, progress: finished(saga.progress) };
}
