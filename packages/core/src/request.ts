import { differingFields, haveSameHeaders, repeatedFields } from './differing.ts';
import { HoldfastError, invalid } from './error.ts';
import type { Fact, WorkflowEnd } from './fact.ts';
import { decisionOf } from './operator.ts';
import { planOf } from './plan.ts';
import {
  type Defaults,
  type Definition,
  endedAs,
  hasSecondPhase,
  isFinal,
  type Options,
  type Transaction,
  type TransactionType,
} from './transaction.ts';

/**
 * What clients and operators may ask of a stored transaction, as rules: a fact to make durable, `nothing` where it is
 * so already, or a refusal. Statuses and texts are those of dtm's wire, spelling included.
 */
export type Ruling = Fact | 'nothing' | HoldfastError;

/** prepare: fine while prepared, whatever the new body says. */
export function rulePrepare({ definition, progress }: Transaction, type: TransactionType): Ruling {
  if (definition.type !== type) return otherType();
  return progress.status === 'prepared'
    ? 'nothing'
    : refused(`current status '${progress.status}', cannot prepare. FAILURE`);
}

/**
 * submit: moves a prepared one on. It may change only options and custom data that are present and not zero; steps,
 * payloads and query_prepared stay as stored, and the fact names those that differ. Submitted already: nothing runs
 * twice.
 */
export function ruleSubmit(
  transaction: Transaction,
  asked: Omit<Definition, 'createdMs'>,
  defaults: Defaults,
  atMs: number,
): Ruling {
  const { definition, progress } = transaction;
  if (definition.type !== asked.type) return otherType();
  if (progress.status === 'submitted') return 'nothing';
  if (progress.status !== 'prepared') return refused(`current status '${progress.status}', cannot sumbmit. FAILURE`);
  const ignoredFields = differingFields(definition, asked);
  const submitted = { kind: 'submitted', atMs, ...(ignoredFields.length > 0 && { ignoredFields }) } as const;
  const amended = amend(definition, asked);
  if (amended === definition) return submitted;
  try {
    return { ...submitted, amended: { definition: amended, plan: planOf(amended, defaults) } };
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

/**
 * The same gid is asked for again, with other content, while it runs. The stored content wins. The fields that differ are
 * recorded for people, each once.
 */
export function ruleRepeat(
  { definition, progress }: Transaction,
  asked: Omit<Definition, 'createdMs'>,
  atMs: number,
): Ruling {
  if (isFinal(progress.status)) return 'nothing';
  const { ignoredFields: told = [] } = progress;
  const ignoredFields = repeatedFields(definition, asked).filter((field) => !told.includes(field));
  return ignoredFields.length === 0 ? 'nothing' : { kind: 'repeated', ignoredFields, atMs };
}

/** abort: a prepared message or saga fails without a call; a tcc or xa tells what is registered. */
export function ruleAbort(
  { definition, progress }: Transaction,
  type: TransactionType,
  reason: string,
  atMs: number,
): Ruling {
  if (definition.type !== type) return otherType();
  if (progress.status === 'prepared' && type !== 'workflow') return { kind: 'abort-asked', reason, atMs };
  if (hasSecondPhase(type) && progress.status === 'aborting') return 'nothing';
  return refused(`trans type: '${type}' current status '${progress.status}', cannot abort. FAILURE`);
}

/** prepareWorkflow of a stored gid: a sign of life while it runs, and fine after its end. */
export function rulePrepareWorkflow({ definition, progress }: Transaction, atMs: number): Ruling {
  if (definition.type !== 'workflow') return otherType();
  return progress.status === 'prepared' ? { kind: 'alive', atMs } : 'nothing';
}

/** submit of a workflow: says how it ended. The same again is fine. */
export function ruleEnd({ definition, progress }: Transaction, end: WorkflowEnd, atMs: number): Ruling {
  if (definition.type !== 'workflow') return otherType();
  if (progress.status === 'prepared') return { kind: 'ended', ...end, atMs };
  const { status, reason, result = '' } = progress;
  if (status === end.to && reason === end.reason && result === end.result) return 'nothing';
  return refused(`current status '${status}', cannot sumbmit. FAILURE`);
}

/** forceStop: an operator ends whatever is not final, as failed; no branch is called. */
export function ruleStop({ progress }: Transaction, atMs: number): Ruling {
  if (!isFinal(progress.status)) return { kind: 'stopped', atMs };
  return refused(`global transaction force stop error. status: ${progress.status}. error: FAILURE`);
}

/** What an operator says with a rollback. */
export interface AskedRollback {
  /** May be empty. */
  readonly reason: string;
  /** Does not wait for the calls that are out. */
  readonly doNotWait: boolean;
}

/** rollback: an operator turns back a saga that runs. The same again is fine. */
export function ruleRollback(
  { definition, progress }: Transaction,
  { reason, doNotWait }: AskedRollback,
  atMs: number,
): Ruling {
  const { type } = definition;
  const { status } = progress;
  if (type !== 'saga') return invalid('gid', `must be the gid of a saga; ${insteadOfRollback[type]}`);
  if (isFinal(status)) return refused(`the saga has already ${endedAs(status)}: it cannot be rolled back`);
  if (status === 'prepared') return refused('the saga is prepared and nothing of it has run: abort it instead');
  const isAsked = status === 'aborting' || decisionOf(progress, 'rollback') !== undefined;
  const isWaitKept = !doNotWait || decisionOf(progress, 'do-not-wait') !== undefined;
  return isAsked && isWaitKept ? 'nothing' : { kind: 'rollback-asked', reason, doNotWait, atMs };
}

const twoPhaseInstead =
  'abort this one while it is prepared; after its submit every branch is called to confirm or commit, and only stop ends it, without calling the remaining branches';

const insteadOfRollback: Readonly<Record<Exclude<TransactionType, 'saga'>, string>> = {
  tcc: twoPhaseInstead,
  xa: twoPhaseInstead,
  msg: 'abort this message while it is prepared; after its submit it is delivered, and only stop ends it',
  workflow: 'a workflow decides by itself how it ends; stop ends it without a call to its service',
};

function refused(message: string): HoldfastError {
  return new HoldfastError('WRONG_STATUS', message);
}

function otherType(): HoldfastError {
  return invalid('trans_type', 'must be the type that this gid is stored with');
}

function amend(stored: Definition, asked: Omit<Definition, 'createdMs'>): Definition {
  const options = amendOptions(stored.options, asked.options);
  const customData = asked.customData === '' ? stored.customData : asked.customData;
  if (options === stored.options && customData === stored.customData) return stored;
  return { ...stored, options, customData };
}

function amendOptions(stored: Options, asked: Options): Options {
  const amended: Options = {
    waitResult: asked.waitResult || stored.waitResult,
    timeoutToFailMs: asked.timeoutToFailMs || stored.timeoutToFailMs,
    requestTimeoutMs: asked.requestTimeoutMs || stored.requestTimeoutMs,
    retryIntervalMs: asked.retryIntervalMs || stored.retryIntervalMs,
    branchHeaders: amendHeaders(stored.branchHeaders, asked.branchHeaders),
    concurrent: asked.concurrent || stored.concurrent,
    retryLimit: asked.retryLimit || stored.retryLimit,
  };
  const isUnchanged = (Object.keys(amended) as (keyof Options)[]).every((key) => amended[key] === stored[key]);
  return isUnchanged ? stored : amended;
}

/** All of them or none: headers that are asked for replace the stored ones. */
function amendHeaders(stored: Options['branchHeaders'], asked: Options['branchHeaders']): Options['branchHeaders'] {
  return Object.keys(asked).length === 0 || haveSameHeaders(stored, asked) ? stored : asked;
}
