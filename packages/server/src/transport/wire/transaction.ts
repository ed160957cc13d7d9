import {
  type Defaults,
  invalid,
  type Options,
  payloadTrouble,
  planOf,
  type TransactionType,
  type WorkflowEnd,
} from '@holdfast/core';
import type { AskedTransaction } from '../../engine/coordinator.ts';
import { booleanField, countField, keptText, secondsField, stringField, stringMap } from './fields.ts';
import { branchHeaders } from './headers.ts';
import { checkedId, isLonger, strippedGid, transactionType } from './identity.ts';
import { checkDepth, type Fields, parseFields } from './json.ts';
import { checkSize } from './size.ts';
import { stepsOf } from './steps.ts';
import { branchUrl } from './url.ts';

/** What a client may say of a transaction. Columns of the coordinator's own (status, owner, ...) are not among them. */
const transactionNames: ReadonlySet<string> = new Set([
  'gid',
  'trans_type',
  'steps',
  'payloads',
  'query_prepared',
  'protocol',
  'custom_data',
  'rollback_reason',
  'wait_result',
  'timeout_to_fail',
  'request_timeout',
  'retry_interval',
  'branch_headers',
  'concurrent',
  'retry_limit',
]);
const submitNames: ReadonlySet<string> = new Set([...transactionNames, 'req_extra']);
const abortNames: ReadonlySet<string> = new Set(['gid', 'trans_type', 'rollback_reason']);
const gidNames: ReadonlySet<string> = new Set(['gid']);

/** More retries than anybody waits for; a bound so that the counter stays an integer. */
const retryLimitMost = 2 ** 31 - 1;

export interface AskedAbort {
  readonly gid: string;
  readonly type: TransactionType;
  readonly reason: string;
}

export interface AskedEnd {
  readonly gid: string;
  readonly end: WorkflowEnd;
}

/** The body of submit: of a workflow it says how that ended. */
export function decodeSubmit(text: string): AskedTransaction | AskedEnd {
  const fields = parseFields(text, submitNames);
  return stringField(fields, 'trans_type') === 'workflow' ? endOf(fields) : transactionOf(fields, text.length);
}

/** The body of prepare. */
export function decodePrepare(text: string): AskedTransaction {
  const asked = decodeTransaction(text);
  if (asked.type === 'workflow')
    throw invalid('trans_type', 'must not be workflow: that is prepared by prepareWorkflow');
  return asked;
}

/** The body of prepareWorkflow. */
export function decodeWorkflow(text: string): AskedTransaction {
  const asked = decodeTransaction(text);
  if (asked.type !== 'workflow') throw invalid('trans_type', 'must be workflow');
  if (asked.queryPrepared === '')
    throw invalid('query_prepared', 'must be the URL at which the workflow is called back');
  return asked;
}

function endOf(fields: Fields): AskedEnd {
  const extra = stringMap(fields['req_extra'] ?? {}, 'req_extra');
  const to = extra['status'] ?? '';
  if (to !== 'succeed' && to !== 'failed') throw invalid('req_extra.status', 'must be succeed or failed');
  const reason = keptText(extra['rollback_reason'] ?? '', 'req_extra.rollback_reason');
  return { gid: gidOf(fields), end: { to, reason, result: keptText(extra['result'] ?? '', 'req_extra.result') } };
}

/** What prepare, prepareWorkflow and submit have in common. */
export function decodeTransaction(text: string): AskedTransaction {
  return transactionOf(parseFields(text, transactionNames), text.length);
}

function transactionOf(fields: Fields, sentCharacters: number): AskedTransaction {
  const gid = gidOf(fields);
  const type = transactionType(stringField(fields, 'trans_type'));
  const protocol = protocolOf(stringField(fields, 'protocol'));
  const asked: AskedTransaction = {
    gid,
    type,
    protocol,
    steps: stepsOf(fields, type, protocol),
    queryPrepared: branchUrl(stringField(fields, 'query_prepared'), 'query_prepared', protocol),
    options: optionsOf(fields),
    customData: customDataOf(fields, type),
  };
  checkSize(asked, sentCharacters);
  checkPlan(asked);
  return asked;
}

/** The body of abort: clients send the whole transaction again; only these fields count. */
export function decodeAbort(text: string): AskedAbort {
  const fields = parseFields(text, abortNames);
  return {
    gid: gidOf(fields),
    type: transactionType(stringField(fields, 'trans_type')),
    reason: stringField(fields, 'rollback_reason'),
  };
}

/** The body of forceStop and resetNextCronTime. */
export function decodeGid(text: string): string {
  return gidOf(parseFields(text, gidNames));
}

function gidOf(fields: Fields): string {
  return checkedId(strippedGid(stringField(fields, 'gid')), 'gid');
}

const protocols: readonly string[] = ['http', 'grpc', 'json-rpc'];

function protocolOf(value: string): string {
  if (value === '') return 'http';
  if (!protocols.includes(value)) throw invalid('protocol', `must be one of ${protocols.join(', ')}`);
  return value;
}

/** JSON text, but for a tcc, which may keep anything there. */
function customDataOf(fields: Fields, type: TransactionType): string {
  const text = stringField(fields, 'custom_data');
  if (type !== 'tcc') checkDepth(text, 'custom_data');
  return text;
}

function optionsOf(fields: Fields): Options {
  return {
    waitResult: booleanField(fields, 'wait_result'),
    timeoutToFailMs: secondsField(fields, 'timeout_to_fail'),
    requestTimeoutMs: secondsField(fields, 'request_timeout'),
    retryIntervalMs: secondsField(fields, 'retry_interval'),
    branchHeaders: branchHeaders(fields),
    concurrent: booleanField(fields, 'concurrent'),
    retryLimit: countField(fields, 'retry_limit', retryLimitMost),
  };
}

/** A workflow's name goes along in the URL of its callback, where a character may take nine. */
const workflowNameCharacters = 1000;

/** Any will do: whether a plan can be made does not depend on them. */
const anyDefaults: Defaults = {
  requestTimeoutMs: 1,
  retryIntervalMs: 1,
  timeoutToFailMs: 1,
  backoffCapMs: 1,
  alertAfterErrors: 1,
};

/**
 * Custom data is refused here whatever is stored under the gid. Without steps a submit stands for those of the prepare,
 * so that only the engine can tell whether orders fit them.
 */
function checkPlan(asked: AskedTransaction): void {
  const isLeft = asked.steps.length === 0 && asked.type !== 'workflow';
  if (asked.customData === '' || isLeft) return;
  const { callback } = planOf({ ...asked, createdMs: 0 }, anyDefaults);
  if (callback !== undefined && isLonger(callback.op, workflowNameCharacters)) {
    throw invalid('custom_data.name', `must have at most ${workflowNameCharacters} characters`);
  }
  const trouble = callback && payloadTrouble(asked.queryPrepared, asked.protocol, callback.payload);
  if (trouble !== undefined) throw invalid('custom_data.data', trouble);
}
