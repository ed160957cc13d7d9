import type { Coordinator } from '../../engine/coordinator.ts';
import { branchMapOf, decodeBranch } from '../wire/branch.ts';
import type { Parsed } from '../wire/json.ts';
import { abortOf, prepareOf, submitOf, transactionFields } from '../wire/transaction.ts';
import type { Noted } from '../wire/unknown.ts';
import { abortVerdict, submitVerdict, type Verdict } from '../wire/verdict.ts';

/** What a method answers: how it went, or a gid. */
export type Reply = Verdict | { readonly kind: 'gid'; readonly gid: string };

/** What a method is asked. */
export interface Asked {
  readonly params: Parsed;
  /** Characters of the whole request. */
  readonly length: number;
}

/** @param taken told what was asked once that is done */
export type Method = (asked: Asked, taken: (asked: Noted) => void) => Promise<Reply>;

export type Methods = ReadonlyMap<string, Method>;

const success: Verdict = { kind: 'success' };

/** A gid is taken as it is, unlike over HTTP. */
export function rpcMethods(coordinator: Coordinator): Methods {
  return new Map<string, Method>([
    ['newGid', async () => ({ kind: 'gid', gid: coordinator.newGid() })],
    [
      'prepare',
      async ({ params, length }, taken) => {
        const asked = prepareOf(transactionFields(params, 'params'), length);
        await coordinator.prepare(asked);
        taken(asked);
        return success;
      },
    ],
    [
      'submit',
      async ({ params, length }, taken) => {
        const asked = submitOf(transactionFields(params, 'params'), length);
        if ('end' in asked) {
          await coordinator.endWorkflow(asked.gid, asked.end);
          return success;
        }
        const standing = await coordinator.submit(asked, asked.options.waitResult);
        taken(asked);
        return submitVerdict(standing);
      },
    ],
    [
      'abort',
      async ({ params }) => {
        const { gid, type, reason } = abortOf(transactionFields(params, 'params'));
        return abortVerdict(await coordinator.abort(gid, type, reason));
      },
    ],
    [
      'registerBranch',
      async ({ params }, taken) => {
        const asked = decodeBranch(branchMapOf(params, 'params'));
        await coordinator.registerBranch(asked.gid, asked.type, asked.branches);
        taken(asked);
        return success;
      },
    ],
  ]);
}
