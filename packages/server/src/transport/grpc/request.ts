import { invalid, type Payload } from '@holdfast/core';
import { type AskedBranch, branchNames, decodeBranch } from '../wire/branch.ts';
import { type Fields, parseJson } from '../wire/json.ts';
import { isObject } from '../wire/object.ts';
import { UnknownNames, unknownIn } from '../wire/unknown.ts';
import { type Decoded, decode } from './protobuf.ts';
import { branchRequest, dtmRequest, topicRequest } from './schema.ts';

/** What a DtmRequest says of a transaction, by the names that it has in JSON; the rules for them are the same. */
export function fieldsOf(message: Buffer): Fields {
  const request = decode(dtmRequest, message);
  const options = request.TransOptions;
  return Object.assign(Object.create(null), {
    gid: request.Gid,
    trans_type: request.TransType,
    protocol: 'grpc',
    custom_data: request.CustomedData,
    query_prepared: request.QueryPrepared,
    rollback_reason: request.RollbackReason,
    req_extra: request.ReqExtra,
    steps: stepsOf(request.Steps),
    payloads: request.BinPayloads.map(payloadOf),
    concurrent: isConcurrentMessage(request),
    ...(options === undefined
      ? {}
      : {
          wait_result: options.WaitResult,
          timeout_to_fail: options.TimeoutToFail,
          retry_interval: options.RetryInterval,
          request_timeout: options.RequestTimeout,
          retry_limit: options.RetryLimit,
          branch_headers: options.BranchHeaders,
        }),
  });
}

/** JSON text; clients say `null`, or nothing, where there are none. */
function stepsOf(text: string): unknown {
  return text === '' ? null : parseJson(text, 'steps');
}

/** A copy: a part of the message would keep all of it in memory. Nothing is nothing, over whatever transport. */
function payloadOf(bytes: Uint8Array): Payload {
  return bytes.length === 0 ? '' : new Uint8Array(bytes);
}

/** There is no field for it: a message says so where a saga does. */
function isConcurrentMessage({ TransType, CustomedData }: Decoded<typeof dtmRequest>): boolean {
  if (TransType !== 'msg' || CustomedData === '') return false;
  const custom = parseJson(CustomedData, 'custom_data');
  if (!isObject(custom)) return false;
  const key = Object.keys(custom).findLast((name) => name.toLowerCase() === 'concurrent');
  const value = (key === undefined ? undefined : custom[key]) ?? false;
  if (typeof value !== 'boolean') throw invalid('custom_data.concurrent', 'must be true or false');
  return value;
}

/** The keys of the map are exact, and its payload stands beside it. `Op` of the request means nothing. */
export function branchOf(message: Buffer): AskedBranch {
  const { Gid, TransType, BranchID, Data, BusiPayload } = decode(branchRequest, message);
  const named = { gid: Gid, trans_type: TransType, branch_id: BranchID };
  const unknown = new UnknownNames();
  unknown.addKeysOf(Data, branchNames);
  const map = Object.assign(Object.create(null), Data, named, { [unknownIn]: unknown });
  return decodeBranch(map, payloadOf(BusiPayload));
}

/** As the query parameters of the same calls over HTTP. */
export function topicOf(message: Buffer): { get(name: string): string | null } {
  const { Topic, URL, Remark } = decode(topicRequest, message);
  const parameters: ReadonlyMap<string, string> = new Map([
    ['topic', Topic],
    ['url', URL],
    ['remark', Remark],
  ]);
  return { get: (name) => parameters.get(name) ?? null };
}
