import { operationAt } from '@holdfast/core';
import type { ShownTransaction } from '../wire/stored.ts';
import { encode, type Given } from './protobuf.ts';
import { empty, gidReply, type progress, progressesReply } from './schema.ts';

export const emptyReply = encode(empty, {});

export function encodeGid(gid: string): Buffer {
  return encode(gidReply, { Gid: gid });
}

/** Where a workflow stands. Its result is in it, so that what has ended can be asked again. */
export function encodeProgresses(shown: ShownTransaction): Buffer {
  const { definition, progress: state } = shown;
  return encode(progressesReply, {
    Transaction: {
      Gid: definition.gid,
      Status: state.status,
      RollbackReason: state.reason,
      Result: state.result ?? '',
    },
    Progresses: progressesOf(shown),
  });
}

function progressesOf({ definition, branches }: ShownTransaction): Given<typeof progress>[] {
  const rows: Given<typeof progress>[] = [];
  for (let index = 0; ; index += 1) {
    const operation = operationAt(definition, branches, index);
    if (operation === undefined) return rows;
    const { branchId, op, payload, state } = operation;
    rows.push({
      Status: state === 'f' ? 'failed' : 'succeed',
      BinData: typeof payload === 'string' ? Buffer.from(payload) : payload,
      BranchID: branchId,
      Op: op,
    });
  }
}
