import type { Message } from './protobuf.ts';

/** The messages of dtm's gRPC API, with their names on the wire (docs/dtm.proto). */

export const empty = { name: 'google.protobuf.Empty', fields: {} } as const satisfies Message;

/** Field 4 was PassthroughHeaders: old clients send it, and it means nothing any more. */
export const transOptions = {
  name: 'dtmgimp.DtmTransOptions',
  fields: {
    WaitResult: { kind: 'bool', id: 1 },
    TimeoutToFail: { kind: 'int64', id: 2 },
    RetryInterval: { kind: 'int64', id: 3 },
    BranchHeaders: { kind: 'stringMap', id: 5 },
    RequestTimeout: { kind: 'int64', id: 6 },
    RetryLimit: { kind: 'int64', id: 7 },
  },
} as const satisfies Message;

export const dtmRequest = {
  name: 'dtmgimp.DtmRequest',
  fields: {
    Gid: { kind: 'string', id: 1 },
    TransType: { kind: 'string', id: 2 },
    TransOptions: { kind: 'message', id: 3, type: transOptions },
    CustomedData: { kind: 'string', id: 4 },
    BinPayloads: { kind: 'bytesList', id: 5 },
    QueryPrepared: { kind: 'string', id: 6 },
    Steps: { kind: 'string', id: 7 },
    ReqExtra: { kind: 'stringMap', id: 8 },
    RollbackReason: { kind: 'string', id: 9 },
  },
} as const satisfies Message;

export const gidReply = {
  name: 'dtmgimp.DtmGidReply',
  fields: { Gid: { kind: 'string', id: 1 } },
} as const satisfies Message;

export const branchRequest = {
  name: 'dtmgimp.DtmBranchRequest',
  fields: {
    Gid: { kind: 'string', id: 1 },
    TransType: { kind: 'string', id: 2 },
    BranchID: { kind: 'string', id: 3 },
    Op: { kind: 'string', id: 4 },
    Data: { kind: 'stringMap', id: 5 },
    BusiPayload: { kind: 'bytes', id: 6 },
  },
} as const satisfies Message;

export const transaction = {
  name: 'dtmgimp.DtmTransaction',
  fields: {
    Gid: { kind: 'string', id: 1, json: 'gid' },
    Status: { kind: 'string', id: 2, json: 'status' },
    RollbackReason: { kind: 'string', id: 3, json: 'rollback_reason' },
    Result: { kind: 'string', id: 4, json: 'result' },
  },
} as const satisfies Message;

export const progress = {
  name: 'dtmgimp.DtmProgress',
  fields: {
    Status: { kind: 'string', id: 1, json: 'status' },
    BinData: { kind: 'bytes', id: 2, json: 'bin_data' },
    BranchID: { kind: 'string', id: 3, json: 'branch_id' },
    Op: { kind: 'string', id: 4, json: 'op' },
  },
} as const satisfies Message;

export const progressesReply = {
  name: 'dtmgimp.DtmProgressesReply',
  fields: {
    Transaction: { kind: 'message', id: 1, json: 'transaction', type: transaction },
    Progresses: { kind: 'messageList', id: 2, json: 'progresses', type: progress },
  },
} as const satisfies Message;

export const topicRequest = {
  name: 'dtmgimp.DtmTopicRequest',
  fields: {
    Topic: { kind: 'string', id: 1 },
    URL: { kind: 'string', id: 2 },
    Remark: { kind: 'string', id: 3 },
  },
} as const satisfies Message;

export interface Service {
  /** With its package. */
  readonly name: string;
  readonly methods: { readonly [name: string]: Method };
}

export interface Method {
  readonly request: Message;
  readonly reply: Message;
  /** What there may be several of; absent: nothing. */
  readonly streams?: 'replies' | 'both';
}

/** All are unary. */
export const dtmService = {
  name: 'dtmgimp.Dtm',
  methods: {
    NewGid: { request: empty, reply: gidReply },
    Submit: { request: dtmRequest, reply: empty },
    Prepare: { request: dtmRequest, reply: empty },
    Abort: { request: dtmRequest, reply: empty },
    RegisterBranch: { request: branchRequest, reply: empty },
    PrepareWorkflow: { request: dtmRequest, reply: progressesReply },
    Subscribe: { request: topicRequest, reply: empty },
    Unsubscribe: { request: topicRequest, reply: empty },
    DeleteTopic: { request: topicRequest, reply: empty },
  },
} as const satisfies Service;
