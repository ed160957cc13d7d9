import {
  type Defaults,
  invalid,
  limits,
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
import { checkShape, type Fields, fieldsOf, maxNames, type Parsed, parseFields, parseJson } from './json.ts';
import { checkSize } from './size.ts';
import { stepsOf } from './steps.ts';
import { transactionNames, UnknownNames, unknownIn } from './unknown.ts';
import { branchUrl } from './url.ts';

/** What a client may say of a transaction. Columns of the coordinator's own (status, owner, ...) are not among them. */
const fields: ReadonlySet<string> = new Set([...transactionNames, 'rollback_reason', 'req_extra']);
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

/** The body of a request over HTTP; its gid comes without the characters that dtm removes there, and only there. */
export const decodeSubmit = (text: string) => submitOf(bodyFields(text), text.length);
export const decodePrepare = (text: string) => prepareOf(bodyFields(text), text.length);
export const decodeWorkflow = (text: string) => workflowOf(bodyFields(text), text.length);
export const decodeTransaction = (text: string) => transactionOf(bodyFields(text), text.length);
/** Clients send the whole transaction again; only some fields count. */
export const decodeAbort = (text: string) => abortOf(bodyFields(text));
/** The body of forceStop and resetNextCronTime. */
export const decodeGid = (text: string) => gidOf(withStrippedGid(parseFields(text, gidNames)));

/** What JSON says of a transaction, by our names. */
export function transactionFields(parsed: Parsed, name = 'body'): Fields {
  const unknown = new UnknownNames();
  const given = fieldsOf(parsed, fields, name, unknown);
  return unknown.isEmpty ? given : Object.assign(given, { [unknownIn]: unknown });
}

function bodyFields(text: string): Fields {
  return withStrippedGid(transactionFields({ value: parseJson(text, 'body'), text: () => text }));
}

function withStrippedGid(fields: Fields): Fields {
  const gid = fields['gid'];
  if (typeof gid !== 'string') return fields;
  const stripped = strippedGid(gid);
  return stripped === gid ? fields : Object.assign(Object.create(null), fields, { gid: stripped });
}

/** submit: of a workflow it says how that ended. */
export function submitOf(fields: Fields, sentLength: number): AskedTransaction | AskedEnd {
  return stringField(fields, 'trans_type') === 'workflow' ? endOf(fields) : transactionOf(fields, sentLength);
}

export function prepareOf(fields: Fields, sentLength: number): AskedTransaction {
  const asked = transactionOf(fields, sentLength);
  if (asked.type === 'workflow') throw invalid('trans_type', 'must not be workflow: use prepareWorkflow');
  return asked;
}

export function workflowOf(fields: Fields, sentLength: number): AskedTransaction {
  const asked = transactionOf(fields, sentLength);
  if (asked.type !== 'workflow') throw invalid('trans_type', 'must be workflow');
  if (asked.queryPrepared === '')
    throw invalid('query_prepared', 'must be the URL at which the workflow is called back');
  return asked;
}

export function abortOf(fields: Fields): AskedAbort {
  return {
    gid: gidOf(fields),
    type: transactionType(stringField(fields, 'trans_type')),
    reason: stringField(fields, 'rollback_reason'),
  };
}

function endOf(fields: Fields): AskedEnd {
  const extra = stringMap(fields['req_extra'] ?? {}, 'req_extra');
  const to = extra['status'] ?? '';
  if (to !== 'succeed' && to !== 'failed') throw invalid('req_extra.status', 'must be succeed or failed');
  const reason = keptText(extra['rollback_reason'] ?? '', 'req_extra.rollback_reason');
  return { gid: gidOf(fields), end: { to, reason, result: keptText(extra['result'] ?? '', 'req_extra.result') } };
}

/**
 * What prepare, prepareWorkflow and submit have in common.
 * @param sentLength of the request, in characters or bytes
 */
function transactionOf(fields: Fields, sentLength: number): AskedTransaction {
  const gid = gidOf(fields);
  const type = transactionType(stringField(fields, 'trans_type'));
  const protocol = protocolOf(stringField(fields, 'protocol'));
  const unknown = fields[unknownIn] ?? new UnknownNames();
  const asked: AskedTransaction = {
    gid,
    type,
    protocol,
    steps: stepsOf(fields, { type, protocol, unknown }),
    queryPrepared: branchUrl(stringField(fields, 'query_prepared'), 'query_prepared', protocol),
    options: optionsOf(fields),
    customData: customDataOf(fields, type),
    ...unknown.found,
  };
  checkSize(asked, sentLength);
  checkPlan(asked);
  return asked;
}

function gidOf(fields: Fields): string {
  return checkedId(stringField(fields, 'gid'), 'gid');
}

const protocols: readonly string[] = ['http', 'grpc', 'json-rpc'];

function protocolOf(value: string): string {
  if (value === '') return 'http';
  if (!protocols.includes(value)) throw invalid('protocol', `must be one of ${protocols.join(', ')}`);
  return value;
}

/** Enough for the orders of the largest saga, and as many members with no meaning as one object may have. */
const customDataSize = { members: limits.steps + maxNames, values: 131_072 };

/** JSON text, but for a tcc, which may keep anything there. */
function customDataOf(fields: Fields, type: TransactionType): string {
  const text = stringField(fields, 'custom_data');
  if (type !== 'tcc') checkShape(text, 'custom_data', customDataSize);
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
