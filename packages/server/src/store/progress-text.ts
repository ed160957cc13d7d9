import type { Attempt, Progress } from '@holdfast/core';

/** What every progress has, and every attempt. */
const fields = 12;
const attemptFields = 5;

/**
 * The JSON of what a usual progress has without a column of its own; undefined where there is more to it, be it what a
 * later core has added. Every write has one, and a saga two: to leave the columns out and call `JSON.stringify` takes
 * 1.5 us, this takes 0.6.
 */
export function usualProgressText(progress: Progress): string | undefined {
  const { operations, retries, attempts, attemptCount, intervalMs, submittedMs, errorRuns } = progress;
  if (Object.keys(progress).length !== fields + (errorRuns === undefined ? 0 : 1)) return undefined;
  let all = '';
  for (const attempt of attempts) all += `${all === '' ? '' : ','}${attemptText(attempt)}`;
  const runs = errorRuns === undefined ? '' : `,"errorRuns":${errorRuns}`;
  return `{"operations":${JSON.stringify(operations)},"retries":${retriesText(retries)},"attempts":[${all}],"attemptCount":${attemptCount},"intervalMs":${intervalMs},"submittedMs":${submittedMs}${runs}}`;
}

function attemptText(attempt: Attempt): string {
  const { operation, atMs, durationMs, outcome, reason } = attempt;
  if (reason !== '' || Object.keys(attempt).length !== attemptFields) return JSON.stringify(attempt);
  return `{"operation":${operation},"atMs":${atMs},"durationMs":${durationMs},"outcome":"${outcome}","reason":""}`;
}

function retriesText(retries: Progress['retries']): string {
  for (const _ in retries) return JSON.stringify(retries);
  return '{}';
}
