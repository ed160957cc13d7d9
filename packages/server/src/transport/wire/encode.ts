import {
  type BranchOperation,
  type OperationState,
  type Options,
  operationAt,
  type Progress,
  registersBranches,
  stateOf,
} from '@holdfast/core';
import type { ShownTransaction } from './stored.ts';

/**
 * What query and all show, as dtm's SQL stores do: steps and payloads are seen in the
 * branches only, and the option block inside the text `options`. Row ids are 0. Times are RFC 3339 with milliseconds.
 */
export function encodeTransaction(shown: ShownTransaction): object {
  const { definition, progress, owner } = shown;
  const { status } = progress;
  return {
    id: 0,
    create_time: timeText(definition.createdMs) ?? null,
    update_time: timeText(progress.updatedMs) ?? null,
    gid: definition.gid,
    trans_type: definition.type,
    status,
    ...text('query_prepared', definition.queryPrepared),
    protocol: definition.protocol,
    ...text('finish_time', status === 'succeed' ? timeText(progress.finishedMs) : undefined),
    ...text('rollback_time', status === 'failed' ? timeText(progress.finishedMs) : undefined),
    ...text('result', progress.result),
    ...text('rollback_reason', progress.reason),
    options: encodeOptions(definition.options),
    ...text('custom_data', definition.customData),
    ...number('next_cron_interval', Math.round(progress.intervalMs / 1000)),
    ...text('next_cron_time', timeText(progress.dueMs)),
    ...text('owner', owner ?? undefined),
    concurrent: definition.options.concurrent,
  };
}

/** The option block as JSON text, in dtm's order: what is not set is left out, but `concurrent`. */
export function encodeOptions(options: Options): string {
  return JSON.stringify({
    ...(options.waitResult ? { wait_result: true } : {}),
    ...number('timeout_to_fail', options.timeoutToFailMs / 1000),
    ...number('request_timeout', options.requestTimeoutMs / 1000),
    ...number('retry_interval', options.retryIntervalMs / 1000),
    ...(Object.keys(options.branchHeaders).length === 0 ? {} : { branch_headers: options.branchHeaders }),
    concurrent: options.concurrent,
    ...number('retry_limit', options.retryLimit),
  });
}

/** Every branch operation in stored order. */
export function encodeBranches(shown: ShownTransaction): object[] {
  const { definition, branches, progress } = shown;
  const answered = answerTimes(progress);
  // When a branch was registered is not stored; dtm shows null there as well.
  const createdText = registersBranches(definition.type) ? null : (timeText(definition.createdMs) ?? null);
  const rows: object[] = [];
  for (let index = 0; ; index += 1) {
    const operation = operationAt(definition, branches, index);
    if (operation === undefined) return rows;
    rows.push(
      encodeBranch(
        definition.gid,
        operation,
        operation.state ?? stateOf(progress, index),
        createdText,
        answered.get(index),
      ),
    );
  }
}

function encodeBranch(
  gid: string,
  operation: BranchOperation,
  state: OperationState,
  createdText: string | null,
  answeredMs: number | undefined,
): object {
  const isOver = state === 's' || state === 'f';
  const overText = isOver && answeredMs !== undefined ? timeText(answeredMs) : undefined;
  return {
    id: 0,
    create_time: createdText,
    update_time: overText ?? createdText,
    gid,
    ...text('url', operation.url),
    ...text('bin_data', Buffer.from(operation.payload).toString('base64')),
    branch_id: operation.branchId,
    op: operation.op,
    status: branchStatus(state),
    ...text('finish_time', overText),
  };
}

/** "May have run" is not a word of the wire: it is a call whose result is not known. */
function branchStatus(state: OperationState): 'prepared' | 'succeed' | 'failed' {
  switch (state) {
    case 'p':
    case 'm':
      return 'prepared';
    case 's':
      return 'succeed';
    case 'f':
      return 'failed';
    default:
      return state satisfies never;
  }
}

/** When each operation answered last, as far as the attempts that are kept tell. */
function answerTimes({ attempts }: Progress): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const { operation, atMs, outcome } of attempts) {
    if (outcome === 'success' || outcome === 'failure') times.set(operation, atMs);
  }
  return times;
}

/** The latest time that a JavaScript date can hold. */
const latestMs = 8_640_000_000_000_000;

/** RFC 3339 with milliseconds; undefined where there is no such time. */
export function timeText(ms: number): string | undefined {
  return ms > 0 && ms <= latestMs ? new Date(ms).toISOString() : undefined;
}

/** Left out where it is empty. */
function text(name: string, value: string | undefined): object {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function number(name: string, value: number): object {
  return value === 0 ? {} : { [name]: value };
}
